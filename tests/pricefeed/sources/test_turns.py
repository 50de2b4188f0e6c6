"""Most watched first, and nobody waits for ever."""

from redis import Redis

from pricefeed.sources.turns import Asked, in_turn
from pricefeed.ticks import Instrument

NOW = 1_000_000_000


def watched(**watchers: int) -> list[Instrument]:
    return [Instrument(ticker, None, None, None, count) for ticker, count in watchers.items()]


def test_at_first_the_most_watched_come_first() -> None:
    assert in_turn(watched(A=1, B=50, C=7, D=0), asked={}, now_ms=NOW) == ["B", "C", "A", "D"]


def test_what_did_not_fit_comes_before_what_did() -> None:
    asked = {"B": NOW - 5_000, "C": NOW - 5_000}
    order = in_turn(watched(A=1, B=50, C=7), asked=asked, now_ms=NOW)
    assert order == ["A", "B", "C"]


def test_of_those_watched_equally_the_longest_waiting_comes_first() -> None:
    asked = {"A": NOW - 1_000, "B": NOW - 3_000, "C": NOW - 2_000}
    assert in_turn(watched(A=4, B=4, C=4), asked=asked, now_ms=NOW) == ["B", "C", "A"]


def test_with_room_for_one_in_each_period_everybody_has_turns_and_the_most_watched_more() -> None:
    instruments = watched(A=1000, B=30, C=1, D=0)
    asked: dict[str, int] = {}
    turns: list[str] = []
    for period in range(200):
        now = NOW + period * 5_000
        first = in_turn(instruments, asked=asked, now_ms=now)[0]
        asked[first] = now
        turns.append(first)
    assert turns[:4] == ["A", "B", "C", "D"]
    counts = [turns.count(ticker) for ticker in "ABCD"]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 3 * counts[2]
    assert min(counts) >= 10


def test_a_clock_that_went_back_upsets_nothing() -> None:
    asked = {"A": NOW + 60_000, "B": NOW + 60_000}
    assert in_turn(watched(A=1, B=2), asked=asked, now_ms=NOW) == ["B", "A"]


def test_any_worker_knows_what_another_has_asked(redis: Redis, own_vendor_keys: str) -> None:
    Asked(redis, key=f"{own_vendor_keys}:asked").note(["A", "BRK.B"], at_ms=NOW)
    assert Asked(redis, key=f"{own_vendor_keys}:asked").load() == {"A": NOW, "BRK.B": NOW}
