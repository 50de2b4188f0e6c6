"""The states in Redis are believed while they are the committed ones, and only then."""

import threading
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection

from pricefeed.models import DayCandle
from pricefeed.recording.analytics import kept, reread
from pricefeed.recording.analytics.selectors import statistics_of
from pricefeed.recording.rebuilding import rebuild_candles
from securities.models import Security
from securities.redis_client import redis_client
from tests.pricefeed.recording.analytics.conftest import (
    Pushed,
    expected_statistics,
    found_for,
    redis_loses_states,
    told,
)
from tests.pricefeed.recording.analytics.oracle import Point, in_order


@pytest.fixture
def apple(security: Callable[..., Security]) -> Security:
    return security("AAPL")


def test_what_was_rolled_back_leaves_nothing(push: Pushed, apple: Security) -> None:
    push([(apple, Point(0, 100))])
    push.in_vain([(apple, Point(1, 500))])
    push([(apple, Point(2, 101))])
    assert found_for(apple) == []
    assert told(statistics_of([apple])[0]) == expected_statistics(
        [Point(0, 100), Point(2, 101)], averaged=64
    )


def test_a_state_of_redis_is_used_while_it_is_the_committed_one(
    push: Pushed, apple: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    push([(apple, Point(0, 100))])
    monkeypatch.setattr(reread, "reread_states", None)  # nobody may call it
    push([(apple, Point(1, 101))])
    assert told(statistics_of([apple])[0])[:3] == (2, Decimal("0.0001"), Decimal("0.000101"))


def test_without_redis_everything_is_recorded_all_the_same(
    push: Pushed, apple: Security, redis_away: Callable[[], None]
) -> None:
    push([(apple, Point(0, 100))])
    redis_away()
    assert push([(apple, Point(1, 110))]).anomaly_count == 1
    assert told(statistics_of([apple])[0])[0] == 2


def test_a_write_that_was_held_up_is_not_mixed_with_others(
    push: Pushed, security: Callable[..., Security]
) -> None:
    """Redis may carry out long after the time-out what was asked of it."""
    apple, *others = (security(f"T{n}") for n in range(kept.SHARDS + 1))
    (neighbour,) = (each for each in others if each.pk % kept.SHARDS == apple.pk % kept.SHARDS)
    before = kept.read_kept(np.array([apple.pk]))
    push([(apple, Point(0, 100)), (neighbour, Point(0, 100))])
    key = kept._key(apple.pk % kept.SHARDS)
    kept._copy({apple.pk: b"late"}, before, {apple.pk % kept.SHARDS: 7})
    assert redis_client().hgetall(key) == {b"version": b"7", b"%d" % apple.pk: b"late"}
    push([(apple, Point(1, 102))])
    assert [told(each)[0] for each in statistics_of([apple, neighbour])] == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_two_recorders_at_once_leave_one_state_that_is_right(
    push: Pushed, apple: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(begin: int) -> None:
        for at in range(begin, 40, 2):
            push([(apple, Point(at, 100 + at))], partition=begin)
        connection.close()

    push([(apple, Point(0, 1000))])
    threads = [threading.Thread(target=run, args=(begin,)) for begin in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.setattr(reread, "reread_states", None)  # it is in Redis, and counts
    series = in_order([Point(0, 1000), *(Point(at, 100 + at) for at in range(40))])
    assert told(statistics_of([apple])[0]) == expected_statistics(series, averaged=64)


def test_candles_made_anew_make_the_totals_anew(push: Pushed, apple: Security) -> None:
    series = [Point(0, 100), Point(9, 101)]
    push([(apple, point) for point in series])
    DayCandle.objects.all().delete()
    redis_loses_states()
    assert told(statistics_of([apple])[0])[0] == 0
    push([(apple, Point(20, 102))])
    rebuild_candles()
    assert told(statistics_of([apple])[0]) == expected_statistics(
        [*series, Point(20, 102)], averaged=64
    )
