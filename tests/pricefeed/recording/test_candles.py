"""Candles: late ticks, borders, batches in any order, and days that are not kept any more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from pricefeed.columns import DAY, decimal_of, microseconds, moment_of
from pricefeed.models import DayCandle, HourCandle, MinuteCandle
from pricefeed.partitions import ALL, CANDLES_1M, ensure_partitions_of
from pricefeed.recording import services
from pricefeed.recording.candles import candles_of, merge_candles
from pricefeed.recording.services import record
from pricefeed.ticks import Tick
from securities.models import Security
from tests.pricefeed.conftest import NOON
from tests.pricefeed.recording.candle_oracle import SECONDS, Bar, Row, expected, stored, written

MakeTick = Callable[..., Tick]
MakeSecurity = Callable[..., Security]

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
START = microseconds(TODAY)
MINUTE = 60_000_000


@pytest.fixture
def days(db: None) -> None:
    """Today and the two days before it."""
    ensure_partitions_of({TODAY.date() - timedelta(days=n) for n in range(3)})


def bar(start: datetime, *, interval: str = "1m", security: int = 1) -> Bar:
    return stored()[interval, security, start]


# -- The failures first ------------------------------------------------------------------------


@pytest.mark.usefixtures("days")
def test_a_late_tick_opens_the_candle_and_does_not_close_it() -> None:
    merge_candles(written([Row(1, START + 20, 1, 5), Row(1, START + 30, 2, 6)]))
    merge_candles(written([Row(1, START + 10, 3, 4)]))
    found = bar(TODAY)
    assert (found.open, found.close, found.count) == (decimal_of(4), decimal_of(6), 3)
    assert (found.low, found.high) == (decimal_of(4), decimal_of(6))


@pytest.mark.usefixtures("days")
def test_a_late_tick_in_the_middle_can_only_be_the_highest_or_the_lowest() -> None:
    merge_candles(written([Row(1, START, 1, 5), Row(1, START + 30, 2, 6)]))
    merge_candles(written([Row(1, START + 10, 3, 90), Row(1, START + 11, 4, 1)]))
    found = bar(TODAY)
    assert found == Bar(decimal_of(5), decimal_of(90), decimal_of(1), decimal_of(6), 4)


@pytest.mark.usefixtures("days")
def test_ticks_of_one_moment_are_in_order_of_their_sequence() -> None:
    for sequence in (2, 3, 1):
        merge_candles(written([Row(1, START, sequence, sequence * 10)]))
    found = bar(TODAY)
    assert (found.open, found.close) == (decimal_of(10), decimal_of(30))


@pytest.mark.usefixtures("days")
@pytest.mark.parametrize(("interval", "width"), [("1m", 1), ("5m", 5), ("1h", 60), ("1d", 1440)])
def test_an_interval_has_its_first_moment_and_not_its_last(interval: str, width: int) -> None:
    border = START - 1440 * MINUTE + width * MINUTE
    merge_candles(written([Row(1, border - 1, 1, 10), Row(1, border, 2, 20)]))
    counts = {start: bar.count for (name, _, start), bar in stored().items() if name == interval}
    assert counts == {moment_of(border - width * MINUTE): 1, moment_of(border): 1}


@pytest.mark.usefixtures("days")
def test_two_batches_come_to_the_same_in_either_order() -> None:
    one = [Row(1, START + n * MINUTE // 3, n, 100 - n) for n in range(10)]
    other = [Row(1, START + n * MINUTE // 4, n + 10, 90 + n) for n in range(10)]
    found = []
    for batches in ((one, other), (other, one)):
        with transaction.atomic():
            for batch in batches:
                merge_candles(written(batch))
            found.append(stored())
            transaction.set_rollback(True)
    assert found[0] == found[1] == expected(one + other)


def test_a_candle_whose_partition_is_missing_is_refused_by_an_integrity_error(db: None) -> None:
    """So that recording makes partitions and tries again."""
    with pytest.raises(IntegrityError), transaction.atomic():
        merge_candles(written([Row(1, START, 1, 5)]))


def test_a_partition_that_was_dropped_is_made_again(security: MakeSecurity) -> None:
    security("AAPL")
    record([Tick("AAPL", Decimal(1), TODAY, None)])
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {CANDLES_1M.name(TODAY.date())}")
    CANDLES_1M._known.add(TODAY.date())
    record([Tick("AAPL", Decimal(2), TODAY + timedelta(seconds=1), None)])
    assert [row.count for row in MinuteCandle.objects.all()] == [1]  # it lost the first
    assert [row.count for row in HourCandle.objects.all()] == [2]


def test_a_tick_of_an_expired_day_counts_in_its_hour_and_day_alone(
    db: None, settings: Settings
) -> None:
    settings.CANDLE_DAYS = 2
    kept, gone = START - 2 * DAY, START - 2 * DAY - 1
    ensure_partitions_of({moment_of(kept).date(), moment_of(gone).date()})
    assert moment_of(gone).date() not in CANDLES_1M.existing()
    rows = [Row(1, gone, 1, 5), Row(1, kept, 2, 6)]
    merge_candles(written(rows))
    assert stored() == expected(rows, intervals=("1h", "1d")) | expected(
        rows[1:], intervals=("1m", "5m")
    )


def test_hours_and_days_outlive_the_minutes(db: None, settings: Settings) -> None:
    settings.CANDLE_DAYS = 3650
    old = START - 40 * DAY
    ensure_partitions_of({moment_of(old).date()})
    rows = [Row(1, old, 1, 5)]
    merge_candles(written(rows))
    settings.CANDLE_DAYS = 30
    for table in ALL:
        table.drop_expired()
    assert stored() == expected(rows, intervals=("1h", "1d"))


@pytest.mark.usefixtures("days")
def test_the_greatest_and_the_smallest_price_are_kept_exactly() -> None:
    greatest = 999_999_999_999_000_000
    rows = [Row(1, START, 1, greatest), Row(1, START + 1, 2, 1), Row(1, START + 2, 3, greatest)]
    merge_candles(written(rows))
    found = bar(TODAY, interval="1d")
    assert (found.high, found.low) == (Decimal(999_999_999_999), Decimal("0.000001"))


@pytest.mark.usefixtures("days")
def test_nothing_to_merge_asks_nothing() -> None:
    merge_candles(written([]))
    assert stored() == {}


@pytest.mark.usefixtures("days")
def test_the_statement_is_planned_once_for_a_connection() -> None:
    for n in range(2):
        merge_candles(written([Row(1, START + n, n, 5)]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements "
            "WHERE statement LIKE '%%pricefeed_candle_1m%%'"
        )
        assert max(runs for (runs,) in cursor.fetchall()) >= 2


# -- In the transaction of the ticks -----------------------------------------------------------


def test_recorded_ticks_are_candles_of_every_interval(
    security: MakeSecurity, tick: MakeTick
) -> None:
    made = security("AAPL")
    ensure_partitions_of({NOON.date()})
    record([tick("AAPL", "10"), tick("AAPL", "12", seconds=30)])
    record([tick("AAPL", "11", seconds=61)])
    hour = Bar(Decimal(10), Decimal(12), Decimal(10), Decimal(11), 3)
    assert stored()["1h", made.pk, NOON] == hour
    assert stored()["1d", made.pk, NOON - timedelta(hours=12)] == hour


def test_a_price_that_repeats_is_in_no_candle_as_it_is_in_no_history(
    security: MakeSecurity, tick: MakeTick
) -> None:
    security("AAPL")
    record([tick("AAPL", "10")])
    record([tick("AAPL", "10", seconds=1)])
    assert [row.count for row in DayCandle.objects.all()] == [1]


def test_a_failure_after_them_leaves_no_candle(
    security: MakeSecurity, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    security("AAPL")

    def fail(**_: object) -> None:
        raise RuntimeError("the worker dies here")

    monkeypatch.setattr(services.Feed.objects, "update", fail)
    with pytest.raises(RuntimeError):
        record([tick("AAPL", "10")])
    assert stored() == {}


# -- The oracle --------------------------------------------------------------------------------

_JUST_AROUND_BORDERS = st.builds(
    lambda border, step: START + border * MINUTE + step,
    st.sampled_from([-1440, -61, -60, -5, -1, 0, 1, 4, 5, 6, 60, 61]),
    st.integers(-1, 1),
)
_prices = st.integers(1, 4) | st.integers(1, 999_999_999_999_000_000)
_ticks = st.lists(st.tuples(st.integers(1, 3), _JUST_AROUND_BORDERS, _prices), max_size=30)


@hypothesis_settings(max_examples=500)
@given(_ticks.filter(bool))
def test_candles_of_one_batch_are_the_oracles(ticks: list[tuple[int, int, int]]) -> None:
    rows = [Row(security, at, n, price) for n, (security, at, price) in enumerate(ticks)]
    found = {}
    for candle in candles_of(written(rows)):
        for place, (interval, seconds) in enumerate(SECONDS.items()):
            if candle["intervals"] >> place & 1:
                width = seconds * 1_000_000
                start = int(candle["first_at"]) // width * width
                key = interval, int(candle["security"]), moment_of(start)
                assert key not in found
                prices = (
                    decimal_of(int(candle[name])) for name in ("open", "high", "low", "close")
                )
                found[key] = Bar(*prices, int(candle["count"]))
    assert found == expected(rows)


@hypothesis_settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ticks=_ticks, data=st.data())
def test_any_batches_in_any_order_come_to_the_oracles(
    ticks: list[tuple[int, int, int]], data: st.DataObject, days: Any
) -> None:
    rows = [Row(security, at, n, price) for n, (security, at, price) in enumerate(ticks)]
    arrived = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    with transaction.atomic():
        for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
            merge_candles(written(arrived[begin:end]))
        assert stored() == expected(rows)
        transaction.set_rollback(True)
