"""What must be known of a security's past: totals, and its recent ticks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pricefeed.columns import Column
from pricefeed.recording.analytics.series import Mask, Series, put_in_order
from pricefeed.recording.written import Written

AVERAGED = 64
"""How many prices the moving average is of."""

WINDOWS_HELD = 2
"""So that a tick which is late by up to a window finds what was within a window before it."""

NEVER = -(2**62)
"""Before all times."""

NO_MINIMUM = 2**63 - 1

_HEADER = 2
"""Rows of two numbers before the ticks: count and cut, minimum and maximum."""


@dataclass(frozen=True, slots=True)
class States:
    """Of some securities (ascending), each column in their order.

    `at` and `price` are their recent ticks in order, `lengths` how many of them are whose.
    `cut` is the time of the last tick before those, NEVER where these are all. So later
    than `cut` no tick is missing, and of those at that moment the newest are here.
    """

    security: Column
    count: Column
    minimum: Column
    maximum: Column
    cut: Column
    lengths: Column
    at: Column
    price: Column

    def _of(self, ticks: Written) -> Column:
        return np.searchsorted(self.security, ticks.security)

    def pack(self) -> list[bytes]:
        """Each security's state: numbers of 64 bits, two a tick."""
        ends = np.cumsum(self.lengths + _HEADER)
        starts = ends - self.lengths - _HEADER
        rows = np.empty((ends[-1], 2), np.int64)
        rows[starts, 0], rows[starts, 1] = self.count, self.cut
        rows[starts + 1, 0], rows[starts + 1, 1] = self.minimum, self.maximum
        is_tick = _ticks_in(rows, starts)
        rows[is_tick, 0], rows[is_tick, 1] = self.at, self.price
        packed = rows.tobytes()
        edges = [0, *(ends * rows.strides[0]).tolist()]
        return [packed[begin:end] for begin, end in pairwise(edges)]

    def is_late(self, ticks: Written, *, window: int) -> Mask:
        """Which ticks are older than what is known here can say: ticks before them are missing."""
        return ticks.at <= self.cut[self._of(ticks)] + window

    def with_ticks(self, ticks: Written, *, is_due: Mask) -> tuple["States", Series]:
        """With new ticks in their places, as states and as series; `is_due` are to be looked at."""
        of = self._of(ticks)
        firsts = np.searchsorted(ticks.security, self.security)
        belongs = ticks.at >= self.cut[of]
        places = np.cumsum(self.lengths)[of[belongs]]
        at = np.insert(self.at, places, ticks.at[belongs])
        price = np.insert(self.price, places, ticks.price[belongs])
        is_new = np.insert(np.zeros(len(self.at), np.bool_), places, is_due[belongs])
        lengths = self.lengths + np.bincount(of[belongs], minlength=len(self.security))
        starts = np.cumsum(lengths) - lengths
        put_in_order(starts, at, price, is_new)
        states = replace(
            self,
            count=self.count + np.bincount(of),
            minimum=np.minimum(self.minimum, np.minimum.reduceat(ticks.price, firsts)),
            maximum=np.maximum(self.maximum, np.maximum.reduceat(ticks.price, firsts)),
            lengths=lengths,
            at=at,
            price=price,
        )
        return states, Series(self.security, starts, at, price, is_new)

    def held(self, *, window: int) -> "States":
        """Without ticks that are needed no longer."""
        ends = np.cumsum(self.lengths)
        starts = ends - self.lengths
        needed_since = np.repeat(self.at[ends - 1] - WINDOWS_HELD * window, self.lengths)
        is_held = self.at >= needed_since
        is_held |= np.arange(len(self.at)) >= np.repeat(ends - AVERAGED, self.lengths)
        lengths = np.add.reduceat(is_held, starts, dtype=np.int64)
        first = ends - lengths
        cut = np.where(first > starts, self.at[first - 1], self.cut)
        return replace(
            self, cut=cut, lengths=lengths, at=self.at[is_held], price=self.price[is_held]
        )


def unpack(security: Column, packed: Sequence[bytes]) -> States:
    """What `pack` has packed, of these securities."""
    rows = np.frombuffer(b"".join(packed), np.int64).reshape(-1, 2)
    lengths = np.array([len(each) for each in packed], np.int64) // rows.strides[0]
    starts = np.cumsum(lengths) - lengths
    is_tick = _ticks_in(rows, starts)
    return States(
        security=security,
        count=rows[starts, 0],
        cut=rows[starts, 1],
        minimum=rows[starts + 1, 0],
        maximum=rows[starts + 1, 1],
        lengths=lengths - _HEADER,
        at=rows[is_tick, 0],
        price=rows[is_tick, 1],
    )


def _ticks_in(rows: Column, starts: Column) -> Mask:
    is_tick = np.ones(len(rows), np.bool_)
    is_tick[starts] = is_tick[starts + 1] = False
    return is_tick
