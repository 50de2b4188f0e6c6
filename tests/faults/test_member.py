"""The clients that judge all else: what may not happen does not pass them by."""

import time
from decimal import Decimal
from typing import Any

import pytest

from tests.faults.member import Heard, Held, Member


def quote(sequence: int, price: str = "1.00") -> dict[str, Any]:
    return {"ticker": "T1", "sequence": sequence, "price": price, "updated_at": 1}


def prices(sequence: int, price: str = "1.00") -> dict[str, Any]:
    return {"type": "prices", "sequence": sequence, "quotes": [quote(sequence, price)]}


def heartbeat(stale_since: int | None) -> dict[str, Any]:
    return {"type": "heartbeat", "sequence": 5, "at": 1, "stale_since": stale_since}


@pytest.fixture
def member() -> Member:
    made = Member("somebody", "prices")
    made.opened()
    made.take({"type": "welcome", "epoch": "one.list"})
    made.take({"type": "snapshot", "sequence": 5, "quotes": [quote(5)]})
    return made


def test_what_goes_on_is_no_problem(member: Member) -> None:
    member.take(prices(6, "2.00"))
    member.take(heartbeat(None))
    assert member.problems == []
    assert member.lacks({"T1": Held(6, Decimal(2))}) == []


def test_a_sequence_that_goes_back_is_a_problem_also_on_the_next_connection(member: Member) -> None:
    member.closed(1006)
    member.opened()
    member.take({"type": "welcome", "epoch": "one.other list"})
    member.take({"type": "snapshot", "sequence": 4, "quotes": [quote(4)]})
    assert len(member.problems) == 2  # the frame's and the quote's


def test_another_life_of_the_counter_may_begin_lower(member: Member) -> None:
    member.take({"type": "welcome", "epoch": "two.list"})
    member.take({"type": "snapshot", "sequence": 1, "quotes": [quote(1)]})
    assert member.problems == []


@pytest.mark.parametrize("frame", [prices(5, "3.00"), {"type": "error", "code": "bad_message"}])
def test_two_prices_of_one_number_and_unexpected_frames_are_problems(
    member: Member, frame: dict[str, Any]
) -> None:
    member.take(frame)
    assert len(member.problems) == 1


def test_old_and_wrong_prices_and_a_lost_connection_are_lacking(member: Member) -> None:
    assert member.lacks({"T1": Held(6, Decimal(1))})
    assert member.lacks({"T1": Held(5, Decimal(2))})
    member.closed(1006)
    assert member.lacks({"T1": Held(5, Decimal(1))})


@pytest.mark.parametrize("kind", ["heartbeat", "close"])
def test_silence_leaves_nobody_in_the_dark_who_was_told(member: Member, kind: str) -> None:
    now = time.monotonic()
    snapshot, news = Heard(now - 10, "snapshot", {}), Heard(now, "prices", {})
    member.heard = [snapshot, news]
    assert len(member.left_in_the_dark(since=now - 10, limit_seconds=5)) == 1
    assert not member.was_told(since=now - 10)
    member.heard = [snapshot, Heard(now - 6, kind, 1006), news]
    assert member.left_in_the_dark(since=now - 10, limit_seconds=5) == []
    assert member.was_told(since=now - 10)
    member.heard = [snapshot, Heard(now - 4, kind, 1006), news]
    assert len(member.left_in_the_dark(since=now - 10, limit_seconds=5)) == 1  # too late
