"""The simulation at a rate of its own: ticks spread evenly over time, as columns.

Ticks are numbered from 1970 on: number *n* is true at *n* / `per_second` seconds. So it
does not matter how often or how regularly somebody asks for what is due; each moment's
ticks are made once and the rate is exact. They go round the securities, one each in turn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import msgspec
import numpy as np

from pricefeed.columns import DAY, Column, TickColumns
from pricefeed.sources.walk import ONE, Amounts, Walk
from pricefeed.ticks import Tick
from securities.catalogue import CatalogueEntry, default_catalogue

SECOND = 1_000_000  # microseconds, as all times here

_MILLIONTHS = 1_000_000 // ONE

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, bytes, bytes, bytes]).decode


@dataclass(frozen=True, slots=True)
class WalkState:
    """Where the walk stands: every tick before `upto` has been made.

    Securities by id, ascending; their prices and previous closes in the walk's amounts.
    """

    upto: int
    security: Column
    price: Amounts
    close: Amounts

    def later(self, upto: int) -> "WalkState":
        """The same at a later time; on another day the last prices have become previous closes."""
        close = self.close if upto // DAY == self.upto // DAY else self.price
        return replace(self, upto=upto, close=close)

    def pack(self) -> bytes:
        """To be kept outside the process."""
        return _pack(
            (self.upto, self.security.tobytes(), self.price.tobytes(), self.close.tobytes())
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What `pack` has packed."""
        upto, *columns = _unpack(packed)
        return cls(upto, *(np.frombuffer(each, np.int64) for each in columns))


def amounts_of(price: Column) -> Amounts:
    """Millionths in the walk's amounts, rounded."""
    return (price + _MILLIONTHS // 2) // _MILLIONTHS


class SimulatedStream:
    """Makes the ticks of any stretch of time."""

    def __init__(self, walk: Walk, *, per_second: int) -> None:
        self._walk = walk
        self.per_second = per_second

    def starts(self, tickers: Sequence[str]) -> Amounts:
        """Prices to begin with."""
        return self._walk.starts(tickers)

    def due(self, since: int, until: int) -> int:
        """How many ticks lie between two times."""
        return self._number(until) - self._number(since)

    def run(
        self, state: WalkState, tickers: Sequence[str], *, until: int
    ) -> tuple[TickColumns, WalkState]:
        """The ticks from where the walk stands to `until`, in order, and where it stands then.

        `tickers` belong to `state.security`, in its order. It runs to midnight (UTC) at
        most: what comes after it has other previous closes.
        """
        until = min(until, (state.upto // DAY + 1) * DAY)
        first, end = self._number(state.upto), self._number(until)
        width = len(tickers)
        if end <= first or not width:
            return TickColumns.of([], [], []), state.later(max(until, state.upto))
        price = state.price.copy()
        stepped = np.concatenate(list(self._rounds(price, state, tickers, first, end)))
        places = (first % width + np.arange(end - first)) % width
        second = state.upto // SECOND
        since_second = first - second * self.per_second + np.arange(end - first)
        ticks = TickColumns(
            security=state.security[places],
            at=second * SECOND + since_second * SECOND // self.per_second,
            price=stepped * _MILLIONTHS,
        )
        return ticks, replace(state, price=price).later(until)

    def _rounds(
        self, price: Amounts, state: WalkState, tickers: Sequence[str], first: int, end: int
    ) -> Iterator[Amounts]:
        """The new prices, tick after tick; moves `price` along."""
        width = len(tickers)
        keys, bounds = self._walk.keys(tickers), self._walk.bounds(state.close)
        while first < end:
            moment, begin = divmod(first, width)
            of = slice(begin, min(width, begin + end - first))
            price[of] = self._walk.step(price[of], bounds.of(of), keys=keys[of], moment=moment)
            yield price[of].copy()
            first += of.stop - of.start

    def _number(self, at: int) -> int:
        """The first tick that is not before this time."""
        return -(-at * self.per_second // SECOND)


class StreamedSource:
    """For the scheduled updates while the simulation pushes its prices by itself."""

    def fetch(self, instruments: object, *, now: object) -> list[Tick]:
        """Nothing is new: whatever was, has been pushed."""
        return []

    def catalogue(self) -> list[CatalogueEntry]:
        """The universe that is loaded by default."""
        return default_catalogue()
