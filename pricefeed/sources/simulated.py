"""A bounded random walk around the previous close, for every instrument there is.

Nothing is remembered between steps: the walk goes on from the price that the
source is told, so it survives restarts and any worker may take any step. Chance
is a hash of seed, ticker and time: the same seed and the same inputs give the
same step, in whatever order and company the instruments come.

Amounts are integers of 1/10,000, whole arrays of them at once, so results are
exact. Prices from 1 up stand on whole cents, lower ones on 1/10,000.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from pricefeed.sources import chance
from pricefeed.sources.base import SourceError
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry, default_catalogue

Amounts = NDArray[np.int64]
Floats = NDArray[np.float64]

_ONE = 10_000
_CENT = 100
_MARGIN = 1e-12  # bounds are computed in floats: far more than their error, far less than a price


class SimulatedSource:
    """Invents prices. A step is at most `step_percent` of the price, or one cent if that is more.

    A price never leaves `previous_close` ± `range_percent`: it is thrown back where
    it would. The previous close is the last price of the last UTC day with a price.
    Without a seed every process takes its own steps; the starting price of a ticker,
    from `start_low` to `start_high`, depends on seed and ticker alone.
    """

    def __init__(
        self,
        *,
        step_percent: Decimal = Decimal("0.5"),
        range_percent: Decimal = Decimal(20),
        start_low: Decimal = Decimal(10),
        start_high: Decimal = Decimal(500),
        seed: str = "",
        catalogue: Callable[[], list[CatalogueEntry]] = default_catalogue,
    ) -> None:
        if start_low > start_high:
            raise SourceError(
                f"SIMULATED_START_LOW ({start_low}) must not be above "
                f"SIMULATED_START_HIGH ({start_high}).",
                retryable=False,
            )
        self._step = float(step_percent) / 100
        self._range = float(range_percent) / 100
        self._start_low, self._start_high = int(start_low * _ONE), int(start_high * _ONE)
        self._seed = seed
        self._step_seed = seed or secrets.token_hex(8)
        self._keys: dict[str, int] = {}
        self._catalogue = catalogue

    @classmethod
    def from_settings(cls) -> Self:
        """As the SIMULATED_… settings say."""
        return cls(
            step_percent=settings.SIMULATED_STEP_PERCENT,
            range_percent=settings.SIMULATED_RANGE_PERCENT,
            start_low=settings.SIMULATED_START_LOW,
            start_high=settings.SIMULATED_START_HIGH,
            seed=settings.SIMULATED_SEED,
        )

    def catalogue(self) -> list[CatalogueEntry]:
        """The universe that is loaded by default."""
        return self._catalogue()

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        """One step of every instrument that moves; a starting price for those without any."""
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        starting: list[Instrument] = []
        opening: list[Instrument] = []
        walking: list[Instrument] = []
        for each in instruments:
            if each.price is None or each.previous_close is None or each.updated_at is None:
                starting.append(each)
            else:
                (opening if each.updated_at < today else walking).append(each)
        return [
            *self._start(starting, now),
            *self._open_day(opening, now),
            *self._walk(walking, now),
        ]

    def _start(self, instruments: list[Instrument], now: datetime) -> list[Tick]:
        """Prices uniform between the two limits; each is its own previous close."""
        keys = [chance.key("start", self._seed, each.ticker) for each in instruments]
        drawn = chance.fractions(np.array(keys, dtype=np.uint64), 0)
        span = self._start_high - self._start_low
        amounts = self._start_low + np.floor(drawn * (span + 1)).astype(np.int64)
        on_grid = _down_to_grid(amounts)
        starts = np.where(on_grid >= self._start_low, on_grid, amounts)
        prices = [_decimal(amount) for amount in starts.tolist()]
        return [
            Tick(each.ticker, price, now, price)
            for each, price in zip(instruments, prices, strict=True)
        ]

    def _open_day(self, instruments: list[Instrument], now: datetime) -> list[Tick]:
        """The first step of a day: the last price has become the previous close."""
        prices = _amounts(each.price for each in instruments)
        closes = _floats(each.price for each in instruments)
        stepped = self._step_from(instruments, prices, closes, now)
        return [
            Tick(each.ticker, _decimal(after) if after != before else each.price, now, each.price)
            for each, before, after in zip(
                instruments, prices.tolist(), stepped.tolist(), strict=True
            )
            if each.price is not None
        ]

    def _walk(self, instruments: list[Instrument], now: datetime) -> list[Tick]:
        prices = _amounts(each.price for each in instruments)
        closes = _floats(each.previous_close for each in instruments)
        stepped = self._step_from(instruments, prices, closes, now)
        moved = np.flatnonzero(stepped != prices)
        return [
            Tick(instruments[i].ticker, _decimal(after), now)
            for i, after in zip(moved.tolist(), stepped[moved].tolist(), strict=True)
        ]

    def _step_from(
        self, instruments: list[Instrument], prices: Amounts, closes: Floats, now: datetime
    ) -> Amounts:
        """The next prices. Where no price on the grid lies in range, it stays as it is."""
        low = np.maximum(_up_to_grid(np.ceil(closes * (1 - self._range + _MARGIN))), 1)
        high = _down_to_grid(np.floor(closes * (1 + self._range - _MARGIN)))
        inside = np.clip(prices, low, np.maximum(low, high))
        room = np.where(inside >= _ONE, _CENT, 1)
        reach = np.maximum((inside * self._step / room).astype(np.int64), 1)
        drawn = chance.fractions(self._step_keys(instruments), _microseconds(now))
        steps = np.floor(drawn * (2 * reach + 1)).astype(np.int64) - reach
        stepped = _down_to_grid(_thrown_back(inside + steps * room, low, high))
        return np.where(low <= high, stepped, prices)

    def _step_keys(self, instruments: list[Instrument]) -> chance.Words:
        keys = self._keys
        for each in instruments:
            if each.ticker not in keys:
                keys[each.ticker] = chance.key("step", self._step_seed, each.ticker)
        return np.array([keys[each.ticker] for each in instruments], dtype=np.uint64)


def _thrown_back(amounts: Amounts, low: Amounts, high: Amounts) -> Amounts:
    """Reflected at the bounds as often as it takes to be between them."""
    span = np.maximum(high - low, 0)
    around = np.mod(amounts - low, np.maximum(2 * span, 1))
    back: Amounts = np.where(around > span, 2 * span - around, around)
    return low + back


def _down_to_grid(amounts: Floats | Amounts) -> Amounts:
    whole = amounts.astype(np.int64)
    return np.where(whole >= _ONE, whole // _CENT * _CENT, whole)


def _up_to_grid(amounts: Floats) -> Amounts:
    whole = amounts.astype(np.int64)
    return np.where(whole > _ONE, -(-whole // _CENT) * _CENT, whole)


def _amounts(prices: Iterable[Decimal | None]) -> Amounts:
    return np.rint(_floats(prices)).astype(np.int64)


def _floats(prices: Iterable[Decimal | None]) -> Floats:
    """Prices in ten-thousandths, not yet rounded to them."""
    return np.array(list(prices), dtype=np.float64) * _ONE


def _decimal(amount: int) -> Decimal:
    """An exact price: two decimals from 1 up, four below."""
    if amount >= _ONE and amount % _CENT == 0:
        return Decimal(amount // _CENT).scaleb(-2)
    return Decimal(amount).scaleb(-4)


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
