"""What must be known of a security's past: totals, and its recent ticks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pricefeed.columns import Column
from pricefeed.recording.analytics.series import Mask, Series, first_since, put_in_order
from pricefeed.recording.written import Written

AVERAGED = 64
"""How many prices the moving average is of."""

WINDOWS_HELD = 2
"""So that a tick which is late by up to a window finds what was within a window before it."""

NEVER = -(2**62)
"""Before all times."""

NO_MINIMUM = 2**63 - 1

_HEAD = 4 * 8
"""Bytes before the ticks: count, minimum, maximum, cut."""


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

    def pack(self, *, window: int) -> list[bytes]:
        """Each security's totals and cut, its times, its prices; 64 bits each.

        Without ticks that are needed no longer.
        """
        ends = np.cumsum(self.lengths)
        starts = ends - self.lengths
        before = np.append(NEVER, self.at)  # by place, the time of the tick before
        first = first_since(self.at, starts, ends, before[ends] - WINDOWS_HELD * window)
        first = np.minimum(first, np.maximum(starts, ends - AVERAGED))
        cut = np.where(first > starts, before[first], self.cut)
        heads = np.column_stack((self.count, self.minimum, self.maximum, cut)).tobytes()
        at, price = self.at.tobytes(), self.price.tobytes()
        ranges = ((column * self.at.itemsize).tolist() for column in (first, ends))
        return [
            heads[head : head + _HEAD] + at[begin:end] + price[begin:end]
            for head, begin, end in zip(range(0, len(heads), _HEAD), *ranges, strict=True)
        ]


def unpack(security: Column, packed: Sequence[bytes]) -> States:
    """What `pack` has packed, of these securities."""
    middles = [(len(each) + _HEAD) // 2 for each in packed]
    heads = _numbers(each[:_HEAD] for each in packed).reshape(len(packed), -1)
    at = _numbers(each[_HEAD:middle] for each, middle in zip(packed, middles, strict=True))
    price = _numbers(each[middle:] for each, middle in zip(packed, middles, strict=True))
    lengths = (np.array(middles) - _HEAD) // at.itemsize
    count, minimum, maximum, cut = heads.T
    return States(security, count, minimum, maximum, cut, lengths, at, price)


def _numbers(parts: Iterable[bytes]) -> Column:
    return np.frombuffer(b"".join(parts), np.int64)
