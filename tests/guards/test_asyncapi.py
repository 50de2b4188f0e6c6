"""The machine-readable protocol: sound in itself, and what the server does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator, ValidationError, meta

from config.routing import routes
from pricefeed.delivery import close_codes, protocol
from securities.tickers import TICKER_LENGTH
from tests.asyncapi import (
    EXAMPLES,
    check_frame,
    document,
    examples,
    examples_of,
    followed,
    sent_by_server,
    validator,
)

REMAKE = "frontend/protocol-examples.json is not current. Remake it: python -m tests.asyncapi"


def refs(part: Any) -> Iterator[str]:
    """Every reference in the document."""
    if isinstance(part, dict):
        if isinstance(ref := part.get("$ref"), str):
            yield ref
        for value in part.values():
            yield from refs(value)
    elif isinstance(part, list):
        for item in part:
            yield from refs(item)


def is_sound(ref: str) -> bool:
    try:
        return followed(ref) is not None
    except (KeyError, TypeError):
        return False


# -- In itself --------------------------------------------------------------------------------


def test_every_reference_leads_somewhere() -> None:
    assert [ref for ref in refs(document()) if not is_sound(ref)] == []
    assert not is_sound("#/components/messages/dividend")
    assert not is_sound("elsewhere.yaml#/components")


def test_everything_shared_is_used() -> None:
    used = set(refs(document()))
    kinds = document()["components"]
    there = {f"#/components/{kind}/{name}" for kind, parts in kinds.items() for name in parts}
    assert there - used == set()


def test_every_schema_is_a_json_schema() -> None:
    components, channels = document()["components"], document()["channels"]
    schemas = [
        *components["schemas"].values(),
        *(message["payload"] for message in components["messages"].values()),
        *(channel["bindings"]["ws"]["query"] for channel in channels.values()),
    ]
    assert [schema for schema in schemas if not is_schema(schema)] == []
    assert not is_schema({"type": "text"})


def is_schema(schema: dict[str, Any]) -> bool:
    return meta.is_valid({"$schema": "http://json-schema.org/draft-07/schema#", **schema})


def test_every_message_has_examples_that_it_allows() -> None:
    for name, message in document()["components"]["messages"].items():
        assert examples_of(name), name
        for payload in examples_of(name):
            assert name == "ticks" or payload["type"] == message["name"]
            validator(name).validate(payload)


def test_every_message_of_a_channel_is_said_there() -> None:
    for name, channel in document()["channels"].items():
        operations = [
            operation
            for operation in document()["operations"].values()
            if operation["channel"]["$ref"] == f"#/channels/{name}"
        ]
        parts = operations + [part["reply"] for part in operations if "reply" in part]
        said = {message["$ref"] for part in parts for message in part["messages"]}
        assert said == {f"#/channels/{name}/messages/{key}" for key in channel["messages"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "pong", "extra": 1},
        {"type": "ping"},
        {"type": "welcome", "protocol": 2, "epoch": "e", "heartbeat": 25},
        {"type": "error", "code": "security_inactive", "message": "Which one?"},
        {"type": "error", "code": "bad_message", "message": "", "ticker": "A"},
        {"type": "heartbeat", "sequence": 1, "at": 1},
        {"type": "snapshot", "sequence": 1, "tickers": ["aapl"], "quotes": []},
        {"type": "prices", "sequence": 1, "quotes": []},
    ],
)
def test_a_frame_that_the_document_does_not_describe_is_found(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, AssertionError)):
        check_frame(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"price": 474.43},
        {"price": "474.4"},
        {"price": None},
        {"sequence": 0},
        {"updated_at": 1.5},
        {"name": None},
        {"exchange": "NASDAQ"},
    ],
)
def test_a_quote_that_the_document_does_not_describe_is_found(change: dict[str, Any]) -> None:
    whole = examples()["server"]["snapshot"][0]["quotes"][0]
    check_frame({"type": "snapshot", "sequence": 1, "quotes": [whole]})
    for kind in ("snapshot", "prices"):
        with pytest.raises(ValidationError):
            check_frame({"type": kind, "sequence": 1, "quotes": [whole | change]})


# -- And the server ---------------------------------------------------------------------------


def test_its_channels_are_the_addresses_there_are() -> None:
    asked = [channel["address"] for channel in document()["channels"].values()]
    found = [route_of(address.replace("{ticker}", "AAPL")) for address in asked]
    assert found == [*range(len(routes) - 1)]
    assert route_of("/ws/nothing") == len(routes) - 1


def route_of(address: str) -> int:
    """Which of the routes takes it; the last takes what no other does."""
    return next(place for place, (pattern, _) in enumerate(routes) if pattern.fullmatch(address))


def test_its_close_codes_are_those_of_the_server() -> None:
    listed = {int(code): entry["reason"] for code, entry in document()["x-close-codes"].items()}
    assert listed == close_codes.REASONS


def test_its_close_codes_say_what_their_range_says() -> None:
    for code, entry in document()["x-close-codes"].items():
        allowed = {"stop", "renew"} if code < "4100" else {"return", "renew"}
        assert entry["then"] in allowed, code
        assert ("when" in entry) != entry.get("reserved", False), code


def test_its_numbers_are_those_of_the_server() -> None:
    for welcome in examples()["server"]["welcome"]:
        assert welcome["heartbeat"] == protocol.HEARTBEAT_SECONDS
    ticker = Draft7Validator(document()["components"]["schemas"]["Ticker"])
    assert ticker.is_valid("A" * TICKER_LENGTH)
    assert not ticker.is_valid("A" * (TICKER_LENGTH + 1))


SINCE = {"epoch": "e", "sequence": 1}


@pytest.mark.parametrize(
    "message",
    [
        *(payload for payloads in examples()["client"].values() for payload in payloads),
        {"type": "auth", "token": "", "since": {"epoch": "", "sequence": -1}},
        {"type": "auth"},
        {"type": "auth", "token": None},
        {"type": "auth", "token": 7},
        {"type": "auth", "token": "x", "extra": 1},
        {"type": "auth", "token": "x", "since": {}},
        {"type": "auth", "token": "x", "since": "e"},
        {"type": "auth", "token": "x", "since": {"epoch": "e"}},
        {"type": "auth", "token": "x", "since": SINCE | {"epoch": None}},
        {"type": "auth", "token": "x", "since": SINCE | {"sequence": "1"}},
        {"type": "auth", "token": "x", "since": SINCE | {"sequence": 1.5}},
        {"type": "auth", "token": "x", "since": SINCE | {"sequence": True}},
        {"type": "auth", "token": "x", "since": SINCE | {"extra": 1}},
        {"type": "ping", "extra": 1},
        {"type": "pong"},
        {"type": "subscribe"},
        {"type": None},
        {},
        [],
        None,
    ],
    ids=json.dumps,
)
def test_the_server_takes_exactly_what_the_document_lets_clients_say(message: Any) -> None:
    is_taken = not isinstance(protocol.parse(json.dumps(message)), protocol.BadMessage)
    schemas = [validator(name) for name in examples()["client"]]
    assert is_taken == any(schema.is_valid(message) for schema in schemas)


def test_both_kinds_of_client_messages_are_there() -> None:
    kinds = {protocol.Auth, protocol.Ping}
    assert {kind.__struct_config__.tag for kind in kinds} == set(examples()["client"])
    assert set(examples()["client"]).isdisjoint(sent_by_server())


# -- And the screen ---------------------------------------------------------------------------


def test_the_examples_of_the_screen_are_current() -> None:
    if json.loads(EXAMPLES.read_text()) != examples():
        pytest.fail(REMAKE)
