"""From recorded batches to anomalies and statistics, whatever becomes of Redis meanwhile."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricefeed.models import Anomaly
from pricefeed.recording.analytics import kept
from pricefeed.recording.analytics.selectors import Statistics, statistics_of
from pricefeed.recording.services import record
from pricefeed.tasks import maintain_history
from securities.models import Security
from tests.pricefeed.recording.analytics.conftest import (
    NOBODY,
    Pushed,
    expected_statistics,
    found_for,
    redis_goes_back,
    redis_loses_states,
    redis_states,
    told,
)
from tests.pricefeed.recording.analytics.oracle import Found, Point, anomalies, in_order, spikes

WINDOW = 4
SHARE = Fraction(1, 50)

points = st.builds(Point, at=st.integers(0, 60), price=st.integers(96, 104))
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 1), points), min_size=1, max_size=12),
    min_size=1,
    max_size=6,
)
Batches = list[list[tuple[int, Point]]]
faults = st.sampled_from(["none", "none", "lost", "rolled back", "away", "gone back"])

names = itertools.count()
slowly = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def a_window_of_four(settings: Any) -> None:
    settings.ANOMALY_WINDOW_MS, settings.ANOMALY_THRESHOLD_PERCENT = WINDOW, Decimal("2.0")


@pytest.fixture
def apple(security: Callable[..., Security]) -> Security:
    return security("AAPL")


def pair() -> list[Security]:
    """Two securities that no other example has touched."""
    return [Security.objects.create(ticker=f"T{next(names)}", name="T") for _ in range(2)]


def by_time(batches: Batches) -> Batches:
    """The same ticks in batches of the same sizes, in order of time."""
    rows = iter(sorted(itertools.chain(*batches), key=lambda row: row[1].at))
    return [list(itertools.islice(rows, len(batch))) for batch in batches]


def series_of(batches: Batches, which: int) -> list[Point]:
    return in_order(point for each, point in itertools.chain(*batches) if each == which)


def spikes_of(batches: Batches, which: int) -> list[Found]:
    return spikes(series_of(batches, which), window=WINDOW, share=SHARE)


@contextmanager
def suffering(fault: str, push: Pushed, security: Security) -> Iterator[None]:
    """A fault of Redis before, or while, a batch is recorded."""
    if fault == "lost":
        redis_loses_states()
    if fault == "rolled back":
        push.in_vain([(security, Point(at, price)) for at, price in ((30, 1), (60, 900))])
    before = redis_states() if fault == "gone back" else None
    with pytest.MonkeyPatch.context() as patch:
        if fault == "away":
            patch.setattr(kept, "redis_client", lambda: NOBODY)
        yield
    if before is not None:
        redis_goes_back(before)


@slowly
@given(batches, st.data())
def test_ticks_in_order_become_exactly_the_anomalies_of_the_definition(
    push: Pushed, short_average: int, batches: Batches, data: st.DataObject
) -> None:
    securities, batches = pair(), by_time(batches)
    count = 0
    for batch in batches:
        with suffering(data.draw(faults), push, securities[0]):
            count += push([(securities[each], point) for each, point in batch]).anomaly_count
    expected = [anomalies(spikes_of(batches, n), window=WINDOW) for n in range(2)]
    assert [set(found_for(each)) for each in securities] == [set(each) for each in expected]
    assert count == sum(map(len, expected))


@slowly
@given(batches, st.data())
def test_in_any_order_no_spike_is_missed_none_invented_and_none_told_twice(
    push: Pushed, short_average: int, batches: Batches, data: st.DataObject
) -> None:
    securities = pair()
    known: tuple[list[Found], list[Found]] = ([], [])
    for number, batch in enumerate(batches, start=1):
        with suffering(data.draw(faults), push, securities[0]):
            push([(securities[each], point) for each, point in batch])
        for which, security in enumerate(securities):
            new = found_for(security)[len(known[which]) :]
            assert set(new) <= set(spikes_of(batches[:number], which))
            known[which].extend(new)
    for which, found in enumerate(known):
        for spike in spikes_of(batches, which):
            assert any(
                each.is_up == spike.is_up and abs(each.at - spike.at) <= WINDOW for each in found
            )
        for one, other in itertools.combinations(found, 2):
            assert one.is_up != other.is_up or abs(one.at - other.at) > WINDOW


@slowly
@given(batches, st.data())
def test_statistics_are_those_of_all_ticks(
    push: Pushed, short_average: int, batches: Batches, data: st.DataObject
) -> None:
    securities = pair()
    for batch in batches:
        with suffering(data.draw(faults), push, securities[0]):
            push([(securities[each], point) for each, point in batch])
    for which, statistics in enumerate(statistics_of(securities)):
        series = series_of(batches, which)
        if series:
            assert told(statistics) == expected_statistics(series, short_average)
        else:
            assert told(statistics) == (0, None, None, None, 0)


def test_one_jump_is_one_anomaly_however_many_ticks_see_it(push: Pushed, apple: Security) -> None:
    recorded = push([(apple, Point(at, 100 if at < 2 else 110)) for at in range(40)])
    assert found_for(apple) == [Found(True, 2, 110, 100)]
    assert recorded.anomaly_count == 1


def test_a_late_tick_makes_those_after_it_spike(push: Pushed, apple: Security) -> None:
    push([(apple, Point(at, 100)) for at in range(20)])
    push([(apple, Point(10, 99))])
    assert found_for(apple) == []
    push([(apple, Point(10, 97))])
    assert found_for(apple) == [Found(False, 10, 97, 100), Found(True, 11, 100, 97)]


def test_a_tick_later_than_what_redis_knows_is_compared_with_the_history(
    push: Pushed, short_average: int, apple: Security
) -> None:
    push([(apple, Point(at, 100)) for at in range(60)])
    push([(apple, Point(5, 90))])
    assert found_for(apple) == [Found(False, 5, 90, 100), Found(True, 6, 100, 90)]


def test_a_tick_of_which_redis_knows_a_part_of_the_window_is_compared_with_all_of_it(
    push: Pushed, short_average: int, apple: Security
) -> None:
    push([(apple, Point(0, 97)), (apple, Point(3, 98)), *[(apple, Point(11, 98))] * 2])
    push([(apple, Point(4, 100))])
    assert found_for(apple) == [Found(True, 4, 100, 97)]


def test_anomalies_of_a_commit_come_in_order_of_time(
    push: Pushed, security: Callable[..., Security]
) -> None:
    first, second = security("AAPL"), security("MSFT")
    jump = [Point(0, 100), Point(1, 200)]
    push([(first, Point(at + 9, price)) for at, price in jump] + [(second, each) for each in jump])
    tickers = [each.security.ticker for each in Anomaly.objects.order_by("pk")]
    assert tickers == ["MSFT", "AAPL"]


def test_the_scheduled_job_finds_anomalies_too(
    push: Pushed, apple: Security, tick: Callable[..., Any]
) -> None:
    recorded = record([tick("AAPL", "100"), tick("AAPL", "97.9", seconds=0.004)])
    assert recorded.anomaly_count == 1
    assert str(Anomaly.objects.get().pct_change) == "-2.10"


def test_statistics_of_many_are_one_query_where_redis_is_right(
    push: Pushed, security: Callable[..., Security], django_assert_num_queries: Any
) -> None:
    securities = [security(f"T{n}") for n in range(20)]
    push([(each, Point(n, 100 + n)) for n, each in enumerate(securities)])
    with django_assert_num_queries(1):
        found = statistics_of(securities[::-1])
    assert [int(each.maximum * 1_000_000) for each in found if each.maximum] == [
        *range(119, 99, -1)
    ]


def test_nobody_has_statistics_before_a_tick(db: None, apple: Security) -> None:
    assert statistics_of([]) == []
    assert statistics_of([apple]) == [Statistics(0, None, None, None, 0, None)]


def test_the_highest_prices_are_averaged_exactly(push: Pushed, apple: Security) -> None:
    highest = 10**18 - 10**6
    push([(apple, Point(at, highest - at % 2)) for at in range(64)])
    average = statistics_of([apple])[0].moving_average
    assert average == Decimal(highest).scaleb(-6)  # half a millionth is rounded up


def test_anomalies_go_with_the_history_of_their_days(
    push: Pushed, apple: Security, settings: Any
) -> None:
    settings.PRICE_HISTORY_DAYS = 3
    today = datetime.combine(timezone.now().date(), time(), UTC)
    for at in (today - timedelta(days=3), today - timedelta(days=3, microseconds=1)):
        Anomaly.objects.create(security=apple, direction="up", at=at, price=2, reference=1)
    maintain_history()
    assert [each.at for each in Anomaly.objects.all()] == [today - timedelta(days=3)]
