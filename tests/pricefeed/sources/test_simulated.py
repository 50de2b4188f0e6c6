import itertools
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pricefeed.sources.base import SourceError
from pricefeed.sources.simulated import SimulatedSource
from pricefeed.sources.walk import Walk
from pricefeed.ticks import Instrument, Tick

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
CENT = Decimal("0.01")
FINEST = Decimal("0.0001")


def simulated(**options: Any) -> SimulatedSource:
    return SimulatedSource(Walk(**options))


def quoted(
    price: str | Decimal, close: str | Decimal, at: datetime = NOW, ticker: str = "SIM00"
) -> Instrument:
    return Instrument(ticker, Decimal(price), Decimal(close), at)


def step(source: SimulatedSource, instrument: Instrument, at: datetime) -> Decimal:
    """The price after one step; the same where the source says nothing."""
    ticks = source.fetch([instrument], now=at)
    assert instrument.price is not None
    return ticks[0].price if ticks else instrument.price


def walk(source: SimulatedSource, price: str, close: str, steps: int) -> list[Decimal]:
    prices = [Decimal(price)]
    for n in range(1, steps + 1):
        at = NOW + timedelta(seconds=5 * n)
        prices.append(step(source, quoted(prices[-1], close, at), at))
    return prices


prices = st.decimals(min_value="0.0001", max_value="1000000", places=4)
percents = st.decimals(min_value="0.5", max_value="50", places=2)


@given(close=prices, drift=st.decimals("-1", "1", places=3), step_percent=percents, reach=percents)
@example(
    close=Decimal("0.9990"),
    drift=Decimal("0.5"),
    step_percent=Decimal("0.5"),
    reach=Decimal("0.5"),
)
@settings(max_examples=300)
def test_a_price_stays_in_range_exact_and_within_its_step(
    close: Decimal, drift: Decimal, step_percent: Decimal, reach: Decimal
) -> None:
    source = simulated(step_percent=step_percent, range_percent=reach, seed="s")
    low, high = close * (1 - reach / 100), close * (1 + reach / 100)
    start = min(max(FINEST, (close * (1 + drift * reach / 100)).quantize(FINEST)), high)
    price = max(start, low)
    for n in range(1, 8):
        at = NOW + timedelta(seconds=n)
        before, price = price, step(source, quoted(price, close, at), at)
        if price == before:
            continue
        assert type(price) is Decimal
        assert price > 0
        assert low <= price <= high
        assert price == price.quantize(CENT if price >= 1 else FINEST)
        least = CENT if before >= 1 else FINEST
        assert abs(price - before) <= max(before * step_percent / 100, least)


def test_the_default_step_moves_a_price_by_at_most_half_a_percent() -> None:
    prices = walk(simulated(seed="s"), "187.32", "182.82", 500)
    moves = [abs(b - a) / a for a, b in itertools.pairwise(prices)]
    assert max(moves) <= Decimal("0.005")
    assert max(moves) > Decimal("0.004")  # and uses its room


def test_a_price_at_its_bound_is_thrown_back_and_does_not_stick() -> None:
    source = simulated(step_percent=Decimal(1), range_percent=Decimal(2), seed="s")
    prices = walk(source, "102.00", "100.00", 400)
    assert min(prices) >= 98
    assert max(prices) <= 102
    at_bounds = sum(price in {Decimal(98), Decimal(102)} for price in prices)
    assert at_bounds < len(prices) / 20
    assert min(prices) < 99  # it has crossed the whole range
    assert max(prices) > 101


def test_a_cheap_price_still_moves_by_whole_cents() -> None:
    prices = walk(simulated(seed="s"), "1.20", "1.20", 100)
    assert len(set(prices)) > 3
    assert all(price == price.quantize(CENT) for price in prices)


def test_below_one_prices_have_four_decimals() -> None:
    prices = walk(simulated(seed="s"), "0.5000", "0.5000", 50)
    assert any(price != price.quantize(CENT) for price in prices)
    assert all(re.fullmatch(r"0\.\d{4}", str(price)) for price in prices)


def test_a_price_outside_its_range_is_brought_back_into_it() -> None:
    assert Decimal(80) <= step(simulated(seed="s"), quoted("300", "100"), NOW) <= 120


def test_where_no_price_fits_the_range_nothing_moves() -> None:
    source = simulated(range_percent=Decimal("0.01"), seed="s")
    assert source.fetch([quoted("10.005", "10.005")], now=NOW) == []


def test_an_instrument_without_a_price_starts_inside_the_limits() -> None:
    source = simulated(start_low=Decimal(20), start_high=Decimal("20.05"), seed="s")
    instruments = [Instrument(f"SIM{n}", None, None, None) for n in range(200)]
    ticks = source.fetch(instruments, now=NOW)
    cents = {Decimal(text) for text in ("20.00", "20.01", "20.02", "20.03", "20.04", "20.05")}
    assert len(cents & {tick.price for tick in ticks}) >= 5
    assert {tick.price for tick in ticks} <= cents
    assert all(tick.previous_close == tick.price and tick.at == NOW for tick in ticks)


@pytest.mark.parametrize("seed", ["", "a seed"])
def test_the_starting_price_depends_on_seed_and_ticker_alone(seed: str) -> None:
    first, second = (
        simulated(seed=seed).fetch([Instrument(t, None, None, None) for t in tickers], now=at)
        for tickers, at in ((("A", "B"), NOW), (("B", "A"), NOW + timedelta(days=9)))
    )
    assert {t.ticker: t.price for t in first} == {t.ticker: t.price for t in second}
    assert first[0].price != first[1].price


def test_the_same_seed_and_inputs_give_the_same_walk_in_any_company() -> None:
    one, many = simulated(seed="s"), simulated(seed="s")
    others = [quoted("50", "50", ticker=f"SIM{n}") for n in range(1, 9)]
    alone = one.fetch([quoted("187.32", "182.82")], now=NOW)
    among = many.fetch([*others, quoted("187.32", "182.82")], now=NOW)
    assert alone == [tick for tick in among if tick.ticker == "SIM00"]


def test_another_seed_ticker_or_time_gives_another_step() -> None:
    base = step(simulated(seed="s"), quoted("187.32", "182.82"), NOW)
    assert base != step(simulated(seed="t"), quoted("187.32", "182.82"), NOW)
    assert base != step(simulated(seed="s"), quoted("187.32", "182.82", ticker="X"), NOW)
    later = NOW + timedelta(seconds=5)
    assert base != step(simulated(seed="s"), quoted("187.32", "182.82"), later)


def test_without_a_seed_two_processes_take_different_steps() -> None:
    steps = {step(simulated(), quoted("187.32", "182.82"), NOW) for _ in range(6)}
    assert len(steps) > 1


def test_the_previous_close_is_fixed_for_the_day_and_then_the_last_price() -> None:
    source = simulated(seed="s")
    before_midnight = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
    same_day = source.fetch([quoted("110.00", "100.00", NOW)], now=before_midnight)
    assert [tick.previous_close for tick in same_day] == [None]  # as before
    midnight = before_midnight + timedelta(seconds=1)
    next_day = source.fetch([quoted("110.00", "100.00", before_midnight)], now=midnight)
    assert [tick.previous_close for tick in next_day] == [Decimal("110.00")]


def test_a_new_day_is_told_even_where_the_price_stays() -> None:
    source = simulated(range_percent=Decimal("0.01"), seed="s")
    yesterday = NOW - timedelta(days=1)
    assert source.fetch([quoted("10.005", "9", yesterday)], now=NOW) == [
        Tick("SIM00", Decimal("10.005"), NOW, Decimal("10.005"))
    ]


def test_the_range_is_around_the_new_close_after_midnight() -> None:
    source = simulated(seed="s", range_percent=Decimal(1), step_percent=Decimal(50))
    for second in range(50):
        at = NOW + timedelta(days=1, seconds=second)
        assert Decimal("118.8") <= step(source, quoted("120", "100"), at) <= Decimal("121.2")


def test_no_price_is_older_than_the_one_before_it_when_the_clock_is_put_back() -> None:
    """It would be late: history, and never the newest price."""
    put_back = NOW - timedelta(hours=1)
    (tick,) = simulated(step_percent=5, seed="1").fetch([quoted("100", "100")], now=put_back)
    assert tick.at == NOW


def test_start_limits_the_wrong_way_round_are_refused_for_good() -> None:
    with pytest.raises(SourceError, match="SIMULATED_START_LOW") as refused:
        simulated(start_low=Decimal(2), start_high=Decimal(1))
    assert not refused.value.retryable


def test_nothing_to_price_is_no_error() -> None:
    assert simulated().fetch([], now=NOW) == []
