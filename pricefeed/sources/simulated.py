"""Prices of a bounded random walk (see `walk`), one for every instrument at each update."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

import numpy as np

from pricefeed.sources.walk import CENT, ONE, Amounts, Floats, Walk
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry, default_catalogue


class SimulatedSource:
    """Invents prices. The previous close is the last price of the last UTC day with a price."""

    def __init__(
        self, walk: Walk, *, catalogue: Callable[[], list[CatalogueEntry]] = default_catalogue
    ) -> None:
        self._walk = walk
        self._catalogue = catalogue

    @classmethod
    def from_settings(cls) -> Self:
        """As the SIMULATED_… settings say."""
        return cls(Walk.from_settings())

    def catalogue(self) -> list[CatalogueEntry]:
        """The universe that is loaded by default."""
        return self._catalogue()

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        """One step of every instrument that moves; a starting price for those without any.

        None is true before the price that it follows, also where the clock was put back.
        """
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
            *self._go_on(walking, now),
        ]

    def _start(self, instruments: list[Instrument], now: datetime) -> list[Tick]:
        """Each is its own previous close."""
        tickers = [each.ticker for each in instruments]
        prices = map(_decimal, self._walk.starts(tickers).tolist())
        return [
            Tick(ticker, price, now, price) for ticker, price in zip(tickers, prices, strict=True)
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

    def _go_on(self, instruments: list[Instrument], now: datetime) -> list[Tick]:
        prices = _amounts(each.price for each in instruments)
        closes = _floats(each.previous_close for each in instruments)
        stepped = self._step_from(instruments, prices, closes, now)
        moved = np.flatnonzero(stepped != prices)
        return [
            Tick(each.ticker, _decimal(after), max(now, each.updated_at or now))
            for each, after in zip(
                (instruments[i] for i in moved), stepped[moved].tolist(), strict=True
            )
        ]

    def _step_from(
        self, instruments: list[Instrument], prices: Amounts, closes: Floats, now: datetime
    ) -> Amounts:
        """The next prices. Where no price on the grid lies in range, it stays as it is."""
        keys = self._walk.keys([each.ticker for each in instruments])
        bounds = self._walk.bounds(closes)
        return self._walk.step(prices, bounds, keys=keys, moment=_microseconds(now))


def _amounts(prices: Iterable[Decimal | None]) -> Amounts:
    return np.rint(_floats(prices)).astype(np.int64)


def _floats(prices: Iterable[Decimal | None]) -> Floats:
    """Prices in ten-thousandths, not yet rounded to them."""
    return np.array(list(prices), dtype=np.float64) * ONE


def _decimal(amount: int) -> Decimal:
    """An exact price: two decimals from 1 up, four below."""
    if amount >= ONE and amount % CENT == 0:
        return Decimal(amount // CENT).scaleb(-2)
    return Decimal(amount).scaleb(-4)


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
