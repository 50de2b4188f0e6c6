"""Ticks at a rate: each moment's once, in order, spread over time, on a bounded walk."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pricefeed.columns import DAY, TickColumns
from pricefeed.sources.simulated_stream import SECOND, SimulatedStream, WalkState, amounts_of
from pricefeed.sources.walk import Amounts, Walk

NOON = 20_000 * DAY + DAY // 2
TICKERS = [f"T{number}" for number in range(7)]


def stream(per_second: int, **walk: Any) -> SimulatedStream:
    return SimulatedStream(Walk(seed="s", **walk), per_second=per_second)


def state(upto: int = NOON, price: int = 100_0000, tickers: list[str] = TICKERS) -> WalkState:
    prices: Amounts = np.full(len(tickers), price, np.int64)
    return WalkState(upto, np.arange(1, len(tickers) + 1) * 10, prices, prices)


def rows(ticks: TickColumns) -> list[tuple[int, int, int]]:
    return list(zip(ticks.security.tolist(), ticks.at.tolist(), ticks.price.tolist(), strict=True))


def test_nothing_is_due_in_no_time_and_none_of_nothing() -> None:
    ticks, after = stream(2000).run(state(), TICKERS, until=NOON)
    assert (len(ticks), after.upto) == (0, NOON)
    ticks, after = stream(2000).run(state(tickers=[]), [], until=NOON + SECOND)
    assert (len(ticks), after.upto) == (0, NOON + SECOND)


@given(
    per_second=st.integers(1, 5000),
    begin=st.integers(0, 3 * SECOND),
    steps=st.lists(st.integers(0, SECOND // 5), max_size=8),
)
def test_however_it_is_asked_each_tick_comes_once_at_its_time(
    per_second: int, begin: int, steps: list[int]
) -> None:
    at_once, in_steps = stream(per_second), stream(per_second)
    now = NOON + begin
    after, found = state(now), []
    for step in steps:
        now += step
        ticks, after = in_steps.run(after, TICKERS, until=now)
        found += rows(ticks)
    whole, end = at_once.run(state(NOON + begin), TICKERS, until=now)
    assert found == rows(whole)
    assert end.price.tolist() == after.price.tolist()
    assert len(found) == at_once.due(NOON + begin, now)
    assert all(NOON + begin <= at < now for _, at, _ in found)


def test_a_second_has_its_ticks_evenly_and_every_security_as_many() -> None:
    ticks, _ = stream(7000).run(state(), TICKERS, until=NOON + SECOND)
    assert len(ticks) == 7000
    assert set(np.diff(ticks.at).tolist()) <= {142, 143}
    assert np.unique(ticks.security, return_counts=True)[1].tolist() == [1000] * 7


def test_a_price_keeps_its_step_and_its_range() -> None:
    after = state()
    for second in range(1, 6):
        ticks, after = stream(7000, range_percent=1).run(
            after, TICKERS, until=NOON + second * SECOND
        )
        for security in np.unique(ticks.security):
            price = ticks.price[ticks.security == security]
            assert (np.abs(np.diff(price)) <= price[:-1] * 0.005 + 0.5).all()
            assert price.min() >= 99_000_000
            assert price.max() <= 101_000_000
            assert len(np.unique(price)) > 20
            assert (price % 10_000 == 0).all()  # whole cents


def test_it_stops_at_midnight_and_goes_on_with_the_last_prices_as_previous_closes() -> None:
    midnight = NOON + DAY // 2
    ticks, after = stream(700).run(state(midnight - SECOND), TICKERS, until=midnight + SECOND)
    assert (len(ticks), after.upto) == (700, midnight)
    assert after.close.tolist() == after.price.tolist()
    assert after.close.tolist() != state().close.tolist()
    ticks, later = stream(700).run(after, TICKERS, until=midnight + SECOND)
    assert ticks.at[0] == midnight
    assert later.close.tolist() == after.price.tolist()


def test_what_is_kept_comes_back_as_it_was() -> None:
    _, after = stream(700).run(state(), TICKERS, until=NOON + SECOND)
    again = WalkState.unpack(after.pack())
    assert again.upto == after.upto
    for name in ("security", "price", "close"):
        assert getattr(again, name).tolist() == getattr(after, name).tolist()
    ticks, _ = stream(700).run(again, TICKERS, until=NOON + 2 * SECOND)
    assert len(ticks) == 700


def test_millionths_become_the_amounts_of_the_walk() -> None:
    millionths = np.array([187_320_000, 149, 150, 0], np.int64)
    assert amounts_of(millionths).tolist() == [1_873_200, 1, 2, 0]
