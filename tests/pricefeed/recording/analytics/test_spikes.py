"""Whole arrays find the spikes that the definition names, none more and none less."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pricefeed.recording.analytics.rules import Rules
from pricefeed.recording.analytics.series import Series
from pricefeed.recording.analytics.spikes import Spikes, find_spikes
from tests.pricefeed.recording.analytics.oracle import Found, Point, in_order, spikes

HIGHEST = 10**18 - 10**6  # the highest price there is, in millionths

points = st.builds(Point, at=st.integers(0, 12), price=st.integers(95, 105))
histories = st.lists(st.lists(points, min_size=1, max_size=20).map(in_order), min_size=1)
shares = st.sampled_from([Fraction(1, 50), Fraction(1, 25), Fraction(3, 100), Fraction(1, 1000)])


def rules(window: int, share: Fraction) -> Rules:
    return Rules(window, share.numerator, share.denominator)


def series_of(histories: list[list[Point]], is_new: list[bool] | None = None) -> Series:
    """Securities 10, 11, … with these histories."""
    lengths = np.array([len(history) for history in histories])
    all_of_them = [point for history in histories for point in history]
    return Series(
        security=10 + np.arange(len(histories)),
        starts=np.cumsum(lengths) - lengths,
        at=np.array([point.at for point in all_of_them]),
        price=np.array([point.price for point in all_of_them]),
        is_new=np.ones(len(all_of_them), np.bool_) if is_new is None else np.array(is_new),
    )


def by_security(found: Spikes) -> dict[int, set[Found]]:
    rows = zip(found.security, found.is_up, found.at, found.price, found.reference, strict=True)
    spiking: dict[int, set[Found]] = {}
    for security, is_up, *numbers in rows:
        spiking.setdefault(int(security), set()).add(Found(bool(is_up), *map(int, numbers)))
    return spiking


def expected(histories: list[list[Point]], window: int, share: Fraction) -> dict[int, set[Found]]:
    found = {
        security: set(spikes(history, window=window, share=share))
        for security, history in enumerate(histories, start=10)
    }
    return {security: its for security, its in found.items() if its}


@settings(max_examples=400)
@given(histories, st.integers(0, 8), shares)
def test_a_series_that_is_all_new_has_the_spikes_of_the_definition(
    histories: list[list[Point]], window: int, share: Fraction
) -> None:
    found = find_spikes(series_of(histories), rules(window, share))
    assert by_security(found) == expected(histories, window, share)


@settings(max_examples=400)
@given(histories, st.integers(1, 8), shares, st.data())
def test_of_a_series_with_old_ticks_none_is_missed_that_a_new_one_made_spike(
    histories: list[list[Point]], window: int, share: Fraction, data: st.DataObject
) -> None:
    size = sum(map(len, histories))
    is_new = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    found = by_security(find_spikes(series_of(histories, is_new), rules(window, share)))
    flags = iter(is_new)
    whole = expected(histories, window, share)
    for security, history in enumerate(histories, start=10):
        old = [point for point in history if not next(flags)]
        before = set(spikes(old, window=window, share=share))
        known = {(each.is_up, each.at, each.price) for each in before}
        now = whole.get(security, set())
        assert found.get(security, set()) <= now
        begun = {each for each in now if (each.is_up, each.at, each.price) not in known}
        assert begun <= found.get(security, set())


@settings(max_examples=300)
@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=12),
    st.sampled_from([1, 50, 10**6, HIGHEST // 5, HIGHEST]),
    st.sampled_from([Fraction(4), Fraction(123456789, 10**8), Fraction(1, 10**4), Fraction(1, 50)]),
    st.data(),
)
def test_any_price_is_compared_exactly(
    gaps: list[int], around: int, share: Fraction, data: st.DataObject
) -> None:
    edge = int(around * share)
    prices = data.draw(
        st.lists(
            st.sampled_from([around, around + edge, around + edge + 1, around - edge])
            | st.integers(1, HIGHEST),
            min_size=len(gaps),
            max_size=len(gaps),
        )
    )
    ats = np.cumsum(gaps).tolist()
    history = [
        Point(at, min(max(price, 1), HIGHEST)) for at, price in zip(ats, prices, strict=True)
    ]
    found = find_spikes(series_of([history]), rules(4, share))
    assert by_security(found) == expected([history], 4, share)


def test_the_threshold_itself_is_no_spike_and_a_millionth_more_is_one() -> None:
    two_percent = rules(1000, Fraction(1, 50))
    at_the_edge = [Point(0, 100_000_000), Point(1, 102_000_000), Point(2, 100_000_000)]
    assert not len(find_spikes(series_of([at_the_edge]), two_percent))
    beyond = [Point(0, 100_000_000), Point(1, 102_000_001)]
    assert by_security(find_spikes(series_of([beyond]), two_percent)) == {
        10: {Found(True, 1, 102_000_001, 100_000_000)}
    }


def test_the_window_itself_counts_and_a_microsecond_more_does_not() -> None:
    two_percent = rules(1000, Fraction(1, 50))
    assert len(find_spikes(series_of([[Point(0, 100), Point(1000, 103)]]), two_percent)) == 1
    assert not len(find_spikes(series_of([[Point(0, 100), Point(1001, 103)]]), two_percent))


def test_one_security_sees_nothing_of_another() -> None:
    found = find_spikes(series_of([[Point(5, 100)], [Point(5, 200)]]), rules(9, Fraction(1, 50)))
    assert not len(found)
