"""A bounded random walk around the previous close, of as many prices at once as there are.

Nothing is remembered here: a step goes on from the price that it is given, so a walk
survives restarts and any process may take any step. Chance is a hash of seed, ticker
and moment: the same seed and the same inputs give the same step, in whatever order and
company the tickers come.

Amounts are integers of 1/10,000, whole arrays of them, so results are exact. Prices
from 1 up stand on whole cents, lower ones on 1/10,000.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from pricefeed.sources import chance
from pricefeed.sources.base import SourceError

Amounts = NDArray[np.int64]
Floats = NDArray[np.float64]

ONE = 10_000
CENT = 100
_MARGIN = 1e-12  # bounds are computed in floats: far more than their error, far less than a price


@dataclass(frozen=True, slots=True)
class Bounds:
    """What prices may not leave; where `low` is above `high` no price fits, and it stays."""

    low: Amounts
    high: Amounts

    def of(self, places: slice) -> "Bounds":
        """Those of some."""
        return Bounds(self.low[places], self.high[places])


class Walk:
    """How prices move. A step is at most `step_percent` of the price, or one cent if that is more.

    A price never leaves `previous_close` ± `range_percent`: it is thrown back where it
    would. Without a seed every process takes its own steps; the starting price of a
    ticker, from `start_low` to `start_high`, depends on seed and ticker alone.
    """

    def __init__(
        self,
        *,
        step_percent: Decimal = Decimal("0.5"),
        range_percent: Decimal = Decimal(20),
        start_low: Decimal = Decimal(10),
        start_high: Decimal = Decimal(500),
        seed: str = "",
    ) -> None:
        if start_low > start_high:
            raise SourceError(
                f"SIMULATED_START_LOW ({start_low}) must not be above "
                f"SIMULATED_START_HIGH ({start_high}).",
                retryable=False,
            )
        self._step = float(step_percent) / 100
        self._range = float(range_percent) / 100
        self._start_low, self._start_high = int(start_low * ONE), int(start_high * ONE)
        self._seed = seed
        self._step_seed = seed or secrets.token_hex(8)
        self._keys: dict[str, int] = {}

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

    def starts(self, tickers: Sequence[str]) -> Amounts:
        """Prices to begin with, uniform between the two limits."""
        keys = [chance.key("start", self._seed, ticker) for ticker in tickers]
        drawn = chance.fractions(np.array(keys, dtype=np.uint64), 0)
        span = self._start_high - self._start_low
        amounts = self._start_low + np.floor(drawn * (span + 1)).astype(np.int64)
        on_grid = _down_to_grid(amounts)
        return np.where(on_grid >= self._start_low, on_grid, amounts)

    def keys(self, tickers: Sequence[str]) -> chance.Words:
        """What stands for each ticker where steps are drawn."""
        known = self._keys
        for ticker in tickers:
            if ticker not in known:
                known[ticker] = chance.key("step", self._step_seed, ticker)
        return np.array([known[ticker] for ticker in tickers], dtype=np.uint64)

    def bounds(self, closes: Floats | Amounts) -> Bounds:
        """Around these previous closes."""
        low = np.maximum(_up_to_grid(np.ceil(closes * (1 - self._range + _MARGIN))), 1)
        return Bounds(low, _down_to_grid(np.floor(closes * (1 + self._range - _MARGIN))))

    def step(self, prices: Amounts, bounds: Bounds, *, keys: chance.Words, moment: int) -> Amounts:
        """The next prices; a key and a moment mean the same step each time."""
        low, high = bounds.low, bounds.high
        inside = np.clip(prices, low, np.maximum(low, high))
        room = np.where(inside >= ONE, CENT, 1)
        reach = np.maximum((inside * self._step / room).astype(np.int64), 1)
        drawn = chance.fractions(keys, moment)
        steps = np.floor(drawn * (2 * reach + 1)).astype(np.int64) - reach
        stepped = _down_to_grid(_thrown_back(inside + steps * room, low, high))
        return np.where(low <= high, stepped, prices)


def _thrown_back(amounts: Amounts, low: Amounts, high: Amounts) -> Amounts:
    """Reflected at the bounds as often as it takes to be between them."""
    span = np.maximum(high - low, 0)
    around = np.mod(amounts - low, np.maximum(2 * span, 1))
    back: Amounts = np.where(around > span, 2 * span - around, around)
    return low + back


def _down_to_grid(amounts: Floats | Amounts) -> Amounts:
    whole = amounts.astype(np.int64)
    return np.where(whole >= ONE, whole // CENT * CENT, whole)


def _up_to_grid(amounts: Floats) -> Amounts:
    whole = amounts.astype(np.int64)
    return np.where(whole > ONE, -(-whole // CENT) * CENT, whole)
