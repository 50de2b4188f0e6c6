import threading
from datetime import timedelta

import pytest
from django.db import connection

from pricefeed.models import Feed
from pricefeed.recording.locks import feed_lock
from pricefeed.recording.turn import claim_turn
from tests.pricefeed.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def feed() -> Feed:
    return Feed.objects.get()


def in_another_connection(work: object) -> None:
    def run() -> None:
        try:
            work()  # type: ignore[operator]
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_only_one_run_holds_the_feed_and_the_next_may_follow() -> None:
    seen: list[bool] = []

    def look() -> None:
        with feed_lock() as is_ours:
            seen.append(is_ours)

    with feed_lock() as is_ours:
        assert is_ours
        in_another_connection(look)
    in_another_connection(look)
    assert seen == [False, True]


def test_a_run_that_failed_or_lost_its_connection_holds_nobody_up() -> None:
    seen: list[bool] = []

    def fail() -> None:
        with pytest.raises(RuntimeError), feed_lock():
            raise RuntimeError

    def vanish() -> None:
        with feed_lock():
            connection.close()

    in_another_connection(fail)
    in_another_connection(vanish)
    with feed_lock() as is_ours:
        seen.append(is_ours)
    assert seen == [True]


def test_a_second_beat_between_two_runs_falls_out() -> None:
    claims = [
        claim_turn(now=NOON + timedelta(seconds=at), period_seconds=5)
        for at in (0, 2.5, 4.9, 7.4, 10.1)
    ]
    assert claims == [True, False, True, False, True]


def test_a_clock_that_was_set_back_does_not_stop_the_feed() -> None:
    assert claim_turn(now=NOON, period_seconds=5)
    assert claim_turn(now=NOON - timedelta(hours=1), period_seconds=5)
