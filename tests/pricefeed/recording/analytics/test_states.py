"""The state after many batches is what the whole series says, in whatever order it came."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricefeed.recording.analytics import states
from pricefeed.recording.analytics.series import clock, first_since, put_in_order, within
from pricefeed.recording.analytics.states import NEVER, NO_MINIMUM, States, unpack
from pricefeed.recording.written import Written
from tests.pricefeed.recording.analytics.oracle import Point, in_order

WINDOW = 4
AVERAGED = 3
IDS = (3, 8)

arrivals = st.lists(
    st.tuples(st.sampled_from(IDS), st.builds(Point, st.integers(0, 40), st.integers(1, 9))),
    min_size=1,
    max_size=40,
)


@pytest.fixture(autouse=True)
def averages_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "AVERAGED", AVERAGED)


def nothing(*securities: int) -> States:
    ids = np.array(securities)
    zeros, none = np.zeros(len(ids), np.int64), np.empty(0, np.int64)
    return States(ids, zeros, zeros + NO_MINIMUM, zeros, zeros + NEVER, zeros, none, none)


def written(rows: list[tuple[int, Point]], *, after: int) -> Written:
    """As a commit hands them on: by security, in order of arrival."""
    columns = np.array([(security, *point) for security, point in rows])
    order = np.argsort(columns[:, 0], kind="stable")
    sequence = after + 1 + np.arange(len(rows))
    return Written(columns[order, 0], columns[order, 1], sequence[order], columns[order, 2])


def joined(before: States, ticks: Written) -> list[bytes]:
    due = ~before.is_late(ticks, window=WINDOW)
    return before.with_ticks(ticks, is_due=due)[0].pack(window=WINDOW)


def history_of(rows: list[tuple[int, Point]], security: int) -> list[Point]:
    return in_order(point for each, point in rows if each == security)


def recent(of: States, place: int) -> list[Point]:
    begin = int(of.lengths[:place].sum())
    its = slice(begin, begin + int(of.lengths[place]))
    return [Point(*row) for row in zip(of.at[its].tolist(), of.price[its].tolist(), strict=True)]


def in_batches(rows: list[tuple[int, Point]], edges: list[int]) -> States:
    """The state after these ticks came in batches; between two of them it is packed away."""
    kept: dict[int, bytes] = {}
    for begin, end in pairwise(sorted({0, *edges, len(rows)} & set(range(len(rows) + 1)))):
        ticks = written(rows[begin:end], after=begin)
        ids = np.unique(ticks.security)
        before = [kept.get(each) or nothing(each).pack(window=WINDOW)[0] for each in ids.tolist()]
        after = joined(unpack(ids, before), ticks)
        kept.update(zip(ids.tolist(), after, strict=True))
    return unpack(np.array(sorted(kept)), [kept[each] for each in sorted(kept)])


@settings(max_examples=400)
@given(arrivals, st.lists(st.integers(0, 40), max_size=6))
def test_totals_and_the_last_ticks_are_those_of_the_series(
    rows: list[tuple[int, Point]], edges: list[int]
) -> None:
    after = in_batches(rows, edges)
    for place, security in enumerate(after.security.tolist()):
        series = history_of(rows, security)
        prices = [point.price for point in series]
        assert after.count[place] == len(series)
        assert (after.minimum[place], after.maximum[place]) == (min(prices), max(prices))
        assert recent(after, place)[-AVERAGED:] == series[-AVERAGED:]


@settings(max_examples=400)
@given(arrivals, st.lists(st.integers(0, 40), max_size=6))
def test_nothing_is_missing_after_the_cut_nor_in_the_last_two_windows(
    rows: list[tuple[int, Point]], edges: list[int]
) -> None:
    after = in_batches(rows, edges)
    for place, security in enumerate(after.security.tolist()):
        series, cut = history_of(rows, security), int(after.cut[place])
        held = recent(after, place)
        assert held == series[len(series) - len(held) :]
        assert [p for p in held if p.at > cut] == [p for p in series if p.at > cut]
        assert cut < series[-1].at - 2 * WINDOW or len(held) == len(series)


def test_what_is_needed_no_longer_goes() -> None:
    rows = [(3, Point(at, 5)) for at in range(100)]
    after = in_batches(rows, [50])
    assert recent(after, 0) == [Point(at, 5) for at in range(99 - 2 * WINDOW, 100)]
    assert after.cut.tolist() == [99 - 2 * WINDOW - 1]


def test_a_tick_of_the_moment_of_the_cut_has_its_place_among_those_that_are_held() -> None:
    first = [(3, Point(0, price)) for price in range(1, 6)]
    after = in_batches([*first, (3, Point(20, 6)), (3, Point(0, 7))], [6])
    assert recent(after, 0) == [Point(0, 5), Point(0, 7), Point(20, 6)]


def test_a_tick_is_late_when_something_of_the_window_before_it_may_be_gone() -> None:
    after = in_batches([(3, Point(at, 5)) for at in range(100)], [])
    cut = int(after.cut[0])
    ticks = written([(3, Point(cut + WINDOW, 5)), (3, Point(cut + WINDOW + 1, 5))], after=100)
    assert after.is_late(ticks, window=WINDOW).tolist() == [True, False]


def test_one_clock_keeps_what_is_near_as_near_and_everything_else_apart() -> None:
    at = np.array([5, 7, 10**15, 10**15 + 3, 2, 2, 3])
    moments = clock(at, np.array([0, 4]), window=3)
    assert np.diff(moments).tolist() == [2, 4, 3, 4, 0, 1]


def test_only_what_is_not_in_order_is_sorted_and_what_is_of_one_time_keeps_its_order() -> None:
    at, price = np.array([1, 2, 9, 3, 3, 1, 2]), np.array([1, 2, 3, 4, 5, 6, 7])
    put_in_order(np.array([0, 2, 6]), at, price)
    assert at.tolist() == [1, 2, 1, 3, 3, 9, 2]
    assert price.tolist() == [1, 2, 6, 4, 5, 3, 7]


def test_a_moment_is_found_in_each_of_many_ranges() -> None:
    at = np.array([1, 3, 5, 2, 2, 9])
    begin, end = np.array([0, 3, 3, 6]), np.array([3, 6, 3, 6])
    assert first_since(at, begin, end, np.array([4, 3, 0, 0])).tolist() == [2, 5, 3, 6]
    assert first_since(at, begin, end, np.array([1, 10, 0, 0])).tolist() == [0, 6, 3, 6]


def test_ranges_become_places() -> None:
    assert within(np.array([3, 7, 9]), np.array([5, 7, 10])).tolist() == [3, 4, 9]
    assert within(np.array([], np.int64), np.array([], np.int64)).tolist() == []
