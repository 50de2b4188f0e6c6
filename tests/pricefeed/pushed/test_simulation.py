"""The simulation as a feeder: at its rate, once, and never more than can be recorded."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from pricefeed import simulation, tasks
from pricefeed.models import Tick
from pricefeed.recording import locks
from pricefeed.recording.services import record
from pricefeed.simulation import Simulated, simulated_push
from pricefeed.sources.pushed.streams import Busy, Streams
from pricefeed.ticks import Tick as NewTick
from securities.models import Quote, Security
from securities.money import MAX_PRICE
from tests.conftest import MakeSecurity, set_active
from tests.pricefeed.pushed.conftest import record_all, redis_loses_streams, stored

pytestmark = pytest.mark.django_db(transaction=True)

NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
RATE = 400

Push = Callable[[float], Simulated | None]


@pytest.fixture(autouse=True)
def simulated(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SIMULATED_TICKS_PER_SECOND = RATE
    settings.SIMULATED_SEED = "s"
    simulation._stream.cache_clear()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Push:
    """`at(5.5)`: what a call so many seconds after noon does."""

    def push(seconds: float) -> Simulated | None:
        now = NOON + timedelta(seconds=seconds)
        monkeypatch.setattr(simulation.timezone, "now", lambda: now)
        return simulated_push()

    return push


@pytest.fixture
def four(security: MakeSecurity) -> list[Security]:
    return [security(ticker) for ticker in "ABCD"]


def times(ticker: str) -> list[datetime]:
    rows = Tick.objects.filter(security__ticker=ticker).order_by("sequence")
    return list(rows.values_list("at", flat=True))


def test_without_securities_nothing_is_pushed(at: Push, waiting: Streams) -> None:
    assert at(0) == Simulated(0, 0)
    assert not waiting.waiting()


def test_while_another_is_at_it_nothing_is_done(at: Push, four: list[Security]) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [locks._SIMULATION])
        assert at(0) is None
        cursor.execute("SELECT pg_advisory_unlock(%s)", [locks._SIMULATION])
    other.close()
    assert at(0) == Simulated(RATE, 0)


def test_calls_at_any_time_push_what_is_due_and_it_is_recorded(
    at: Push, four: list[Security]
) -> None:
    calls = [at(seconds) for seconds in (0, 0, 1, 1.25, 1.2502, 3.3)]
    assert [call.pushed for call in calls if call] == [400, 0, 400, 100, 1, 819]
    assert record_all() == 1720
    assert Tick.objects.count() == 1720
    for each in four:
        moments = times(each.ticker)
        assert len(moments) == 430
        assert moments == sorted(set(moments))
    assert times("A")[0] == NOON - timedelta(seconds=1)


def test_a_walk_goes_on_from_where_it_stood_before_that_is_recorded(
    at: Push, four: list[Security]
) -> None:
    at(0)
    at(1)
    record_all()
    at(2)
    record_all()
    prices = [Decimal(price) for price in stored("A")]
    steps = [abs(after / before - 1) for before, after in itertools.pairwise(prices)]
    assert len(prices) == 300
    assert max(steps) <= Decimal("0.0051")


def test_a_new_walk_begins_with_the_quotes_there_are(
    at: Push, four: list[Security], waiting: Streams
) -> None:
    record([NewTick("A", Decimal(250), NOON - timedelta(seconds=9))])
    at(0)
    record_all()
    assert stored("A")[0] == "250.000000"
    assert abs(Decimal(stored("A")[1]) - 250) <= Decimal("1.25")
    redis_loses_streams()
    last = Quote.objects.get(security__ticker="A").price
    assert at(120) == Simulated(RATE, 0)
    record_all()
    assert abs(Decimal(stored("A")[101]) / last - 1) <= Decimal("0.0051")


def test_a_price_of_an_earlier_day_is_the_previous_close(at: Push, four: list[Security]) -> None:
    record([NewTick("A", Decimal(250), NOON - timedelta(days=1), Decimal(100))])
    at(0)
    record_all()
    quote = Quote.objects.get(security__ticker="A")
    assert quote.previous_close == 250
    assert abs(quote.price - 250) < 50  # not thrown back to 100 and 20 percent


def test_securities_come_and_go(at: Push, four: list[Security], security: MakeSecurity) -> None:
    at(0)
    set_active("B", active=False)
    security("E")
    at(1)
    record_all()
    assert [len(stored(ticker)) for ticker in "ABCDE"] == [200, 100, 200, 200, 100]
    prices = [Decimal(price) for price in stored("C")]
    assert abs(prices[100] / prices[99] - 1) <= Decimal("0.0051")


def test_what_was_due_in_a_pause_is_left_out(at: Push, four: list[Security]) -> None:
    at(0)
    record_all()
    assert at(20) == Simulated(5 * RATE, 15 * RATE)
    assert at(21) == Simulated(RATE, 0)


def test_a_clock_that_jumps_back_pushes_nothing_twice(at: Push, four: list[Security]) -> None:
    at(10)
    assert at(7) == Simulated(0, 0)
    assert at(10.5) == Simulated(RATE // 2, 0)
    assert at(-3600) == Simulated(RATE, 0)  # for good: it begins anew


def test_after_the_clock_was_put_back_prices_go_on_at_the_time_of_the_newest(
    at: Push, four: list[Security]
) -> None:
    at(10)
    record_all()
    before = Quote.objects.get(security__ticker="A")
    at(-3600)
    record_all()
    after = Quote.objects.get(security__ticker="A")
    assert after.updated_at == before.updated_at
    assert after.price == Decimal(stored("A")[-1])
    assert after.sequence > before.sequence


def test_prices_that_nobody_could_commit_are_left_out(at: Push, four: list[Security]) -> None:
    record([NewTick("A", MAX_PRICE, NOON - timedelta(seconds=9))])
    at(0)
    record_all()
    assert len(stored("B")) == RATE / 4
    assert 1 < len(stored("A")) < 1 + RATE / 4
    assert Decimal(max(stored("A"), key=Decimal)) <= MAX_PRICE


def test_while_too_much_waits_it_gives_way_and_goes_on_afterwards(
    at: Push, four: list[Security], waiting: Streams
) -> None:
    pushed = [at(second) for second in range(9)]
    assert [call.pushed for call in pushed if call] == [RATE] * 6 + [0] * 3
    assert [call.left_out for call in pushed if call] == [0] * 6 + [RATE] * 3
    assert sum(waiting.waiting().values()) == 6 * RATE
    record_all()
    assert at(9) == Simulated(RATE, 0)


def test_full_streams_take_nothing_and_that_is_said(
    at: Push, four: list[Security], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise Busy

    monkeypatch.setattr(Streams, "append", busy)
    assert at(0) == Simulated(0, RATE)


def test_redis_away_is_a_line_in_the_log(
    four: list[Security],
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    tasks.push_simulated_ticks()
    assert [record.msg["event"] for record in caplog.records] == [  # type: ignore[index]
        "simulated_ticks_not_pushed"
    ]
