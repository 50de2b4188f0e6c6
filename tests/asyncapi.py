"""`docs/asyncapi.yaml` as tests use it, and its examples as the screen's tests read them.

`python -m tests.asyncapi` writes the latter to frontend/protocol-examples.json.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator

from tests import yamls

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "frontend" / "protocol-examples.json"

Json = Any


@cache
def document() -> dict[str, Json]:
    """The document; not to be changed."""
    loaded: dict[str, Json] = yamls.document(ROOT / "docs" / "asyncapi.yaml")
    return loaded


def followed(ref: str) -> Json:
    """What a reference of the document stands for. Raises KeyError when it leads nowhere."""
    start, *steps = ref.split("/")
    if start != "#":
        raise KeyError(ref)
    place = document()
    for step in steps:
        place = place[step]
    return place


@cache
def sent_by_server() -> frozenset[str]:
    """The names of the frames; all other messages are clients'."""
    operations = document()["operations"].values()
    frames = [operation for operation in operations if operation["action"] == "send"]
    answers = [operation["reply"] for operation in operations if "reply" in operation]
    return frozenset(
        message["$ref"].rpartition("/")[2]
        for operation in frames + answers
        for message in operation["messages"]
    )


@cache
def validator(name: str) -> Draft7Validator:
    """Judges payloads of a message, and finds fields that the document does not name.

    The document leaves the server's frames open, because clients must bear new fields; what is sent
    today has to stand in it nevertheless.
    """
    components = _closed(document()["components"])
    payload = components["messages"][name]["payload"]
    return Draft7Validator({**payload, "components": components})


def check_frame(frame: dict[str, Json]) -> None:
    """Raises ValidationError for what the document does not say that the server sends."""
    assert frame["type"] in sent_by_server(), frame
    is_answer = frame["type"] == "error" and "messages" in frame
    validator("feedError" if is_answer else frame["type"]).validate(frame)


def examples() -> dict[str, dict[str, list[Json]]]:
    """Payloads by who says them and by message; without those that only feeders say and hear."""
    found: dict[str, dict[str, list[Json]]] = {"server": {}, "client": {}}
    for name in document()["components"]["messages"]:
        if any(name in channel["messages"] for channel in _channels_of_the_screen()):
            side = "server" if name in sent_by_server() else "client"
            found[side][name] = examples_of(name)
    return found


def examples_of(name: str) -> list[Json]:
    """The payloads of a message."""
    message = document()["components"]["messages"][name]
    return [example["payload"] for example in message["examples"]]


def _channels_of_the_screen() -> list[Json]:
    return [channel for name, channel in document()["channels"].items() if name != "feed"]


def _closed(part: Json) -> Json:
    """The same with no room for fields that are not named."""
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed["additionalProperties"] = False
    return closed


if __name__ == "__main__":
    EXAMPLES.write_text(json.dumps(examples(), indent=2) + "\n")
