"""Alpaca, played by a server on this machine: what it is asked, and all the ways it can fail."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest

from pricefeed.sources.alpaca import AlpacaClient
from pricefeed.sources.base import SourceError
from pricefeed.sources.vendor_http import retry_after
from pricefeed.ticks import Tick
from tests.pricefeed.sources.conftest import (
    PlayedVendor,
    breaks_off_after,
    says,
    says_nothing,
    trickles,
)

TRADE = {"t": "2026-03-02T16:00:00.123456789Z", "p": 187.32, "x": "V", "s": 5, "c": ["@"]}
TODAY = {"t": "2026-03-02T05:00:00Z", "o": 1, "h": 1, "l": 1, "c": 187.3, "v": 9}
BEFORE = {"t": "2026-02-27T05:00:00Z", "o": 1, "h": 1, "l": 1, "c": 182.82, "v": 9}
AAPL = {"latestTrade": TRADE, "latestQuote": {}, "dailyBar": TODAY, "prevDailyBar": BEFORE}


def client_of(played: PlayedVendor, *, timeout_seconds: float) -> AlpacaClient:
    return AlpacaClient(
        url=played.url,
        feed="iex",
        key_id="key",
        secret_key="s3cret",
        timeout_seconds=timeout_seconds,
    )


@pytest.fixture
def client(played: PlayedVendor) -> AlpacaClient:
    return client_of(played, timeout_seconds=10)


def trouble(client: AlpacaClient) -> SourceError:
    with pytest.raises(SourceError) as raised:
        client.quotes(["AAPL", "MSFT"])
    assert "s3cret" not in str(raised.value)
    return raised.value


def test_one_request_asks_for_many_with_the_keys_and_the_feed(
    client: AlpacaClient, played: PlayedVendor
) -> None:
    played.will(says({"AAPL": AAPL, "BRK.B": AAPL}))
    ticks, missing = client.quotes(["AAPL", "BRK.B"])
    assert played.asked == [
        {"path": "/v2/stocks/snapshots", "symbols": "AAPL,BRK.B", "feed": "iex"}
    ]
    assert played.headers[0]["apca-api-key-id"] == "key"
    assert played.headers[0]["apca-api-secret-key"] == "s3cret"
    assert [tick.ticker for tick in ticks] == ["AAPL", "BRK.B"]
    assert missing == []


def test_a_price_is_exact_with_the_time_of_its_trade_and_the_previous_close(
    client: AlpacaClient, played: PlayedVendor
) -> None:
    played.will(says({"AAPL": AAPL}))
    at = datetime(2026, 3, 2, 16, 0, 0, 123457, tzinfo=UTC)
    assert client.quotes(["AAPL"]).ticks == [Tick("AAPL", Decimal("187.32"), at, Decimal("182.82"))]


def test_before_the_first_trade_of_the_day_proper_the_last_bar_is_the_day_before(
    client: AlpacaClient, played: PlayedVendor
) -> None:
    early = {**TRADE, "t": "2026-03-03T12:00:00Z"}
    played.will(says({"AAPL": {**AAPL, "latestTrade": early}}))
    assert client.quotes(["AAPL"]).ticks[0].previous_close == Decimal("187.3")


@pytest.mark.parametrize(
    "snapshot", [{}, {"latestTrade": None}, {"latestTrade": None, "dailyBar": TODAY}]
)
def test_a_security_without_a_trade_is_known_and_has_no_price(
    client: AlpacaClient, played: PlayedVendor, snapshot: dict[str, Any]
) -> None:
    played.will(says({"NEW": snapshot, "AAPL": AAPL}))
    ticks, missing = client.quotes(["AAPL", "NEW"])
    assert ([tick.ticker for tick in ticks], missing) == (["AAPL"], [])


def test_what_it_leaves_out_or_gives_as_null_it_does_not_know(
    client: AlpacaClient, played: PlayedVendor
) -> None:
    played.will(says({"AAPL": AAPL, "OTCXX": None}))
    ticks, missing = client.quotes(["AAPL", "OTCXX", "NOPE"])
    assert ([tick.ticker for tick in ticks], missing) == (["AAPL"], ["OTCXX", "NOPE"])


def test_a_request_refused_for_one_ticker_names_it_and_the_others_come_next_time(
    client: AlpacaClient, played: PlayedVendor
) -> None:
    played.will(says({"message": "code=400, message=invalid symbol: SIM_1"}, status=400))
    assert client.quotes(["AAPL", "SIM_1"]) == ([], ["SIM_1"])


@pytest.mark.parametrize("message", ["invalid feed", "invalid symbol: AAPL,MSFT", "invalid symbol"])
def test_a_request_refused_for_what_we_cannot_mend_is_trouble(
    client: AlpacaClient, played: PlayedVendor, message: str
) -> None:
    played.will(says({"message": message}, status=400))
    assert not trouble(client).retryable


@pytest.mark.parametrize(
    "broken",
    [
        {"latestTrade": {"t": "yesterday", "p": 1}},
        {"latestTrade": {"t": "2026-03-02T16:00:00Z", "p": "cheap"}},
        {"latestTrade": {"t": "2026-03-02T16:00:00Z"}},
        {"latestTrade": [1]},
        "soon",
    ],
)
def test_a_broken_snapshot_does_not_lose_its_neighbours(
    client: AlpacaClient, played: PlayedVendor, broken: Any
) -> None:
    played.will(says({"BAD": broken, "AAPL": AAPL}))
    ticks, missing = client.quotes(["BAD", "AAPL"])
    assert ([tick.ticker for tick in ticks], missing) == (["AAPL"], [])


@pytest.mark.parametrize(
    "body", [b"", b"<html>We'll be back</html>", b"[]", b'{"AAPL"', b"\xff\xfe", b"null"]
)
def test_an_answer_that_is_no_map_of_snapshots_is_trouble_that_may_pass(
    client: AlpacaClient, played: PlayedVendor, body: bytes
) -> None:
    played.will(says(body))
    assert trouble(client).retryable


@pytest.mark.parametrize("status", [401, 403])
def test_keys_that_are_refused_are_no_trouble_that_passes(
    client: AlpacaClient, played: PlayedVendor, status: int
) -> None:
    played.will(says({"message": "forbidden."}, status=status))
    error = trouble(client)
    assert (error.retryable, error.retry_after_seconds) == (False, None)
    assert "keys" in str(error)


def test_too_many_requests_say_how_long_to_wait(client: AlpacaClient, played: PlayedVendor) -> None:
    played.will(says({"message": "too many requests."}, status=429, Retry_After="17"))
    error = trouble(client)
    assert (error.retryable, error.retry_after_seconds) == (True, 17)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_vendor_that_is_broken_may_get_better(
    client: AlpacaClient, played: PlayedVendor, status: int
) -> None:
    played.will(says(b"", status=status))
    assert trouble(client).retryable


def test_a_redirection_is_not_followed_since_the_headers_hold_keys(
    client: AlpacaClient, played: PlayedVendor
) -> None:
    played.will(says(b"", status=302, Location=f"{played.url}/elsewhere"))
    trouble(client)
    assert len(played.asked) == 1


@pytest.mark.parametrize("slow", [says_nothing, trickles])
def test_an_answer_that_takes_too_long_is_given_up(played: PlayedVendor, slow: Any) -> None:
    played.will(slow)
    error = trouble(client_of(played, timeout_seconds=0.3))
    assert error.retryable
    assert str(error) == "Alpaca did not answer within 0.3 s."


def test_half_an_answer_is_none(client: AlpacaClient, played: PlayedVendor) -> None:
    played.will(breaks_off_after(json.dumps({"AAPL": AAPL}).encode()))
    assert trouble(client).retryable


def test_nobody_there_is_trouble_that_may_pass() -> None:
    nowhere = AlpacaClient(url="http://127.0.0.1:1", feed="iex", key_id="k", secret_key="s3cret")
    assert trouble(nowhere).retryable


def test_after_trouble_the_same_client_goes_on(client: AlpacaClient, played: PlayedVendor) -> None:
    played.will(breaks_off_after(b"{"), says(b"", status=500), says({"AAPL": AAPL}))
    trouble(client)
    trouble(client)
    assert len(client.quotes(["AAPL"]).ticks) == 1


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=30), usegmt=True)}, 30),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 9)}, 9),
        ({"X-RateLimit-Reset": "never"}, None),
    ],
)
def test_how_long_to_wait_is_read_from_what_vendors_send(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, now=NOW, is_limit=True) == seconds


def test_when_a_limit_is_reset_matters_only_to_who_met_it() -> None:
    headers = {"X-RateLimit-Reset": str(int(NOW.timestamp()) + 9)}
    assert retry_after(headers, now=NOW, is_limit=False) is None
