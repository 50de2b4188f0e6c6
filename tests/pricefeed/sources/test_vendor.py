"""What any vendor is asked for, how often, and what becomes of its answers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from redis import Redis

from pricefeed.sources import missing as missing_module
from pricefeed.sources import vendor as vendor_module
from pricefeed.sources.base import SourceError
from pricefeed.sources.vendor import VendorAnswer, VendorSource
from pricefeed.ticks import Instrument, Tick
from securities.times import milliseconds
from tests.pricefeed.conftest import NOON

AWAY = SourceError("It is away.", retryable=True)


class ScriptedClient:
    """Knows the prices it was told; `fails` are raised first, one a request."""

    name = "scripted"

    def __init__(self) -> None:
        self.prices: dict[str, Tick] = {}
        self.fails: list[SourceError | None] = []
        self.asked: list[list[str]] = []

    def knows(self, **prices: str) -> None:
        for ticker, price in prices.items():
            self.prices[ticker] = Tick(ticker, Decimal(price), NOON, Decimal("9.5"))

    def quotes(self, tickers: Sequence[str]) -> VendorAnswer:
        self.asked.append(list(tickers))
        if self.fails and (error := self.fails.pop(0)):
            raise error
        found = [self.prices[ticker] for ticker in tickers if ticker in self.prices]
        return VendorAnswer(found, [ticker for ticker in tickers if ticker not in self.prices])


Make = Callable[..., VendorSource]


@pytest.fixture
def client() -> ScriptedClient:
    return ScriptedClient()


@pytest.fixture
def source(client: ScriptedClient, redis: Redis) -> Make:
    """`source(requests_per_minute=1)`: another worker each time, with the same vendor."""

    def make(*, requests_per_minute: int = 6000, tickers_per_request: int = 2) -> VendorSource:
        return VendorSource(
            client,
            redis=redis,
            requests_per_minute=requests_per_minute,
            tickers_per_request=tickers_per_request,
            period_seconds=5,
            chance=lambda: 0.0,
        )

    return make


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    lines: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def warning(self, event: str, **fields: Any) -> None:
            lines.append((event, fields))

        info = warning

    monkeypatch.setattr(vendor_module, "log", Log())
    monkeypatch.setattr(missing_module, "log", Log())
    return lines


def watched(*tickers: str, **fields: Any) -> list[Instrument]:
    """The first is watched most."""
    blank = Instrument("", None, None, None)
    return [
        replace(blank, ticker=ticker, watchers=len(tickers) - place, **fields)
        for place, ticker in enumerate(tickers)
    ]


def test_prices_of_as_many_requests_as_it_takes_come_back_together(
    client: ScriptedClient, source: Make
) -> None:
    client.knows(A="10", B="20", C="30.123456789")
    ticks = source().fetch(watched("A", "B", "C"), now=NOON)
    assert client.asked == [["A", "B"], ["C"]]
    assert [(tick.ticker, str(tick.price)) for tick in ticks] == [
        ("A", "10.000000"),
        ("B", "20.000000"),
        ("C", "30.123457"),
    ]
    assert {(tick.at, tick.previous_close) for tick in ticks} == {(NOON, Decimal("9.5"))}


def test_what_does_not_fit_into_a_period_comes_with_the_next_whoever_asks(
    client: ScriptedClient, source: Make, redis: Redis, own_vendor_keys: str
) -> None:
    client.knows(A="10", B="20", C="30", D="40", E="50")
    told = watched("A", "B", "C", "D", "E")
    source(requests_per_minute=5).fetch(told, now=NOON)
    assert client.asked == [["A", "B"]]
    redis.delete(f"{own_vendor_keys}:scripted:pace")  # as after a while
    source().fetch(told, now=NOON + timedelta(seconds=5))
    assert client.asked[1:] == [["C", "D"], ["E", "A"], ["B"]]


def test_while_a_vendor_is_in_trouble_nobody_asks_before_the_wait_is_over(
    client: ScriptedClient, source: Make, log: list[Any]
) -> None:
    client.knows(A="10")
    client.fails = [SourceError("Too many.", retryable=True, retry_after_seconds=30)]
    assert source().fetch(watched("A"), now=NOON) == []
    assert source().fetch(watched("A"), now=NOON + timedelta(seconds=29)) == []
    assert len(client.asked) == 1
    assert len(source().fetch(watched("A"), now=NOON + timedelta(seconds=30))) == 1
    assert [event for event, _ in log] == ["vendor_in_trouble", "vendor_is_back"]
    assert log[0][1]["again_in_seconds"] == 30
    assert source().health().failures == 0


def test_what_came_before_the_trouble_counts_and_the_rest_is_first_afterwards(
    client: ScriptedClient, source: Make
) -> None:
    client.knows(A="10", B="20", C="30", D="40")
    client.fails = [None, AWAY]
    ticks = source().fetch(watched("A", "B", "C", "D"), now=NOON)
    assert [tick.ticker for tick in ticks] == ["A", "B"]
    assert source().health().failures == 1
    source().fetch(watched("A", "B", "C", "D"), now=NOON + timedelta(seconds=5))
    assert client.asked[2] == ["C", "D"]


def test_a_pace_that_allows_nothing_does_not_end_a_trouble(
    client: ScriptedClient, source: Make, log: list[Any]
) -> None:
    client.fails = [AWAY]
    source(requests_per_minute=1).fetch(watched("A"), now=NOON)
    source(requests_per_minute=1).fetch(watched("A"), now=NOON + timedelta(seconds=5))
    assert len(client.asked) == 1
    assert source().health().failures == 1
    assert [event for event, _ in log] == ["vendor_in_trouble"]


def test_trouble_while_the_market_is_closed_is_nobodys(
    client: ScriptedClient, source: Make
) -> None:
    saturday = datetime(2026, 3, 7, 12, tzinfo=UTC)
    client.fails = [AWAY, AWAY]
    for hour in (0, 1):
        source().fetch(watched("A"), now=saturday + timedelta(hours=hour))
    assert source().health().failures == 2
    assert source().delayed_since(now=saturday + timedelta(hours=1)) is None


def test_trouble_is_told_when_it_has_lasted_and_until_it_is_over(
    client: ScriptedClient, source: Make, settings: Any
) -> None:
    settings.PRICE_STALE_SECONDS = 15
    client.knows(A="10")
    source().fetch(watched("A"), now=NOON)
    client.fails = [AWAY] * 5
    told = []
    for second in range(5, 61, 5):
        now = NOON + timedelta(seconds=second)
        source().fetch(watched("A"), now=now)
        told.append(source().delayed_since(now=now))
    since = milliseconds(NOON)
    assert told[:3] == [None, None, since]
    assert told[-1] is None
    assert set(told) == {None, since}


def test_with_nothing_watched_nobody_is_asked_and_all_is_well(
    client: ScriptedClient, source: Make
) -> None:
    assert source().fetch([], now=NOON) == []
    assert client.asked == []
    assert source().health().well_at > 0


def test_a_ticker_that_the_vendor_does_not_know_is_said_once_and_seldom_asked_for_again(
    client: ScriptedClient, source: Make, log: list[Any]
) -> None:
    client.knows(A="10")
    for second in range(0, 400, 5):
        source().fetch(watched("A", "NOPE"), now=NOON + timedelta(seconds=second))
    assert sum("NOPE" in tickers for tickers in client.asked) == 3  # at 0, 60 and 180 seconds
    assert log == [("tickers_unknown_to_vendor", {"count": 1, "tickers": ["NOPE"]})]


def test_a_ticker_that_became_known_is_asked_for_like_the_others(
    client: ScriptedClient, source: Make, log: list[Any]
) -> None:
    source().fetch(watched("IPO"), now=NOON)
    client.knows(IPO="10")
    assert source().fetch(watched("IPO"), now=NOON + timedelta(seconds=30)) == []
    for second in (60, 65):
        assert len(source().fetch(watched("IPO"), now=NOON + timedelta(seconds=second))) == 1


@pytest.mark.parametrize(
    "price", ["0", "-1", "0.0000001", "1E+999990", "NaN", "Infinity", "1000000000000"]
)
def test_a_price_that_cannot_be_does_not_lose_its_neighbours(
    client: ScriptedClient, source: Make, price: str
) -> None:
    client.knows(A=price, B="20")
    assert [tick.ticker for tick in source().fetch(watched("A", "B"), now=NOON)] == ["B"]


def test_a_previous_close_that_cannot_be_is_left_out(client: ScriptedClient, source: Make) -> None:
    client.prices["A"] = Tick("A", Decimal(10), NOON, Decimal("NaN"))
    (tick,) = source().fetch(watched("A"), now=NOON)
    assert tick.previous_close is None


def test_a_vendor_whose_clock_is_ahead_gives_prices_of_now(
    client: ScriptedClient, source: Make, log: list[Any]
) -> None:
    client.knows(A="10")
    early, worker = NOON - timedelta(hours=1), source()
    for _ in range(2):
        (tick,) = worker.fetch(watched("A"), now=early)
        assert early <= tick.at < early + timedelta(seconds=5)
    assert log == [("vendor_clock_is_ahead", {"vendor": "scripted", "seconds": 3600})]


def test_a_price_older_than_ours_is_not_told_again_and_again(
    client: ScriptedClient, source: Make
) -> None:
    client.knows(A="10", B="20")
    newer, same = NOON + timedelta(seconds=1), NOON
    told = [*watched("A", updated_at=newer), *watched("B", updated_at=same)]
    assert [tick.ticker for tick in source().fetch(told, now=newer)] == ["B"]


def test_what_nobody_asked_for_is_left_out(client: ScriptedClient, source: Make) -> None:
    client.knows(A="10")
    client.prices["B"] = replace(client.prices["A"], ticker="EVIL")
    assert [tick.ticker for tick in source().fetch(watched("A", "B"), now=NOON)] == ["A"]
