"""Those who judge candles and anomalies: what may not be does not pass them by."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.derived import (
    THRESHOLD_PERCENT,
    WINDOW,
    Row,
    anomaly_problems,
    spikes_of,
)
from tests.faults.feeders import number_of
from tests.pricefeed.recording.analytics import oracle

JUMP = (1, True, 5 * WINDOW)
moments = st.integers(0, 8).map(lambda quarter: quarter * WINDOW // 4)
prices = st.sampled_from([100, 101, 102, 103, 98])


@given(st.lists(st.tuples(moments, prices), max_size=12), st.lists(moments, max_size=2))
def test_spikes_are_those_of_the_definition(
    points: list[tuple[int, int]], others: list[int]
) -> None:
    points.sort(key=lambda point: point[0])
    ticks = [Row(1, at, n, price) for n, (at, price) in enumerate(points)]
    ticks += [Row(2, at, n, 100) for n, at in enumerate(sorted(others))]  # none of the first's
    series = [oracle.Point(at, price) for at, price in points]
    share = Fraction(THRESHOLD_PERCENT, 100)
    expected = oracle.spikes(series, window=WINDOW, share=share)
    assert sorted(spikes_of(ticks)) == sorted((1, each.is_up, each.at) for each in expected)


def test_an_anomaly_for_each_jump_is_no_problem() -> None:
    seen_again = (1, True, JUMP[2] + WINDOW)
    later = (1, True, JUMP[2] + 3 * WINDOW)
    assert anomaly_problems([JUMP, seen_again, later], [JUMP, later]) == []


def test_missed_invented_and_doubled_ones_are_problems() -> None:
    soon, other_way = (1, True, JUMP[2] + WINDOW), (1, False, JUMP[2])
    assert len(anomaly_problems([JUMP], [])) == 1
    assert len(anomaly_problems([JUMP], [JUMP, other_way])) == 1
    assert len(anomaly_problems([JUMP, soon], [JUMP, soon])) == 1
    assert len(anomaly_problems([JUMP, other_way], [JUMP])) == 1


def test_a_pushed_price_says_which_tick_it_is_and_no_other_does() -> None:
    assert number_of(104_000_127) == 12
    assert number_of(104_120_000) is None
