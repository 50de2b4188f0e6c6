"""Ticks of several securities in order: by security, then by time, then by sequence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricefeed.columns import Column

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Series:
    """Each security begins at one of `starts`, and has at least one tick.

    `is_new` says which ticks are to be looked at; whatever is within a window before or
    after one of those has to be here.
    """

    security: Column
    starts: Column
    at: Column
    price: Column
    is_new: Mask

    def __len__(self) -> int:
        return len(self.at)

    def security_at(self, places: Column) -> Column:
        """The security of the ticks at these places."""
        return self.security[np.searchsorted(self.starts, places, "right") - 1]


def clock(at: Column, starts: Column, *, window: int) -> Column:
    """The times of all series on one axis, so that one sorted column is searched for all of them.

    What is at most a window apart within a series is as far apart here; everything else
    is further apart than a window.
    """
    passed = np.empty_like(at)
    np.subtract(at[1:], at[:-1], out=passed[1:])
    passed[starts] = window + 1
    np.minimum(passed, window + 1, out=passed)
    return np.cumsum(passed, out=passed)


def put_in_order(starts: Column, at: Column, *others: NDArray[np.generic]) -> None:
    """Sort each series by time, in place, where it is not; what is of one time keeps its order."""
    falls = np.flatnonzero(at[1:] < at[:-1]) + 1
    of = np.searchsorted(starts, falls, "right") - 1
    unsorted = np.unique(of[starts[of] != falls])
    ends = np.append(starts[1:], len(at))
    for begin, end in zip(starts[unsorted].tolist(), ends[unsorted].tolist(), strict=True):
        order = np.argsort(at[begin:end], kind="stable")
        for column in (at, *others):
            column[begin:end] = column[begin:end][order]


def first_since(at: Column, begin: Column, end: Column, moment: Column) -> Column:
    """In each range of sorted times, the first place that is not before its moment, or the end."""
    begin, end = begin.copy(), end.copy()
    while len(their := np.flatnonzero(begin < end)):
        middle = (begin[their] + end[their]) // 2
        is_before = at[middle] < moment[their]
        begin[their[is_before]] = middle[is_before] + 1
        end[their[~is_before]] = middle[~is_before]
    return begin


def within(begin: Column, end: Column) -> Column:
    """The places from each `begin` up to its `end`, one range after the other."""
    lengths = end - begin
    ends = np.cumsum(lengths)
    places: Column = np.repeat(begin - (ends - lengths), lengths)
    places += np.arange(len(places))
    return places
