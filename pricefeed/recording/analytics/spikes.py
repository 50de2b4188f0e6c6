"""Which ticks spike: exact, and cheap where nothing can."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pricefeed.columns import Column
from pricefeed.recording.analytics.rules import Rules
from pricefeed.recording.analytics.series import Mask, Series, clock, within


@dataclass(frozen=True, slots=True)
class Spikes:
    """Ticks that spike; `reference` is the lowest (up) or highest price in the window before."""

    security: Column
    is_up: Mask
    at: Column
    price: Column
    reference: Column

    def __len__(self) -> int:
        return len(self.at)

    def where(self, places: Column) -> "Spikes":
        """Those at some places."""
        return Spikes(
            self.security[places],
            self.is_up[places],
            self.at[places],
            self.price[places],
            self.reference[places],
        )

    def and_those(self, others: Self) -> "Spikes":
        """These and others."""
        return Spikes(
            np.append(self.security, others.security),
            np.append(self.is_up, others.is_up),
            np.append(self.at, others.at),
            np.append(self.price, others.price),
            np.append(self.reference, others.reference),
        )


def find_spikes(series: Series, rules: Rules) -> Spikes:
    """The new ticks that spike, and the old ones with a new one in the window before them.

    An old tick that spiked before may be among them: more ticks never end a spike.
    """
    moments = clock(series.at, series.starts, window=rules.window)
    rows = _suspects(series, moments, rules)
    moments, price, is_new = moments[rows], series.price[rows], series.is_new[rows]
    first = np.searchsorted(moments, moments - rules.window)
    new_before = np.append(0, np.cumsum(is_new))
    is_due = is_new | (new_before[:-1] > new_before[first])
    due = np.flatnonzero(is_due & (first < np.arange(len(rows))))
    lowest = _extremes(price, first[due], due, np.minimum)
    highest = _extremes(price, first[due], due, np.maximum)
    up = price[due] - lowest > rules.slack(lowest)
    down = highest - price[due] > rules.slack(highest)
    return _spikes(series, rows[due], up, lowest).and_those(
        _spikes(series, rows[due], down, highest)
    )


def _spikes(series: Series, rows: Column, spike: Mask, reference: Column) -> Spikes:
    rows, reference = rows[spike], reference[spike]
    is_up = series.price[rows] > reference
    return Spikes(series.security_at(rows), is_up, series.at[rows], series.price[rows], reference)


def _suspects(series: Series, moments: Column, rules: Rules) -> Column:
    """The places around new ticks, of those securities where prices there differ by enough.

    From a window before a security's first new tick to a window after its last.
    """
    new = np.flatnonzero(series.is_new)
    of = np.searchsorted(series.starts, new, "right")
    is_first = np.append(True, of[1:] != of[:-1])[: len(new)]
    first, last = new[is_first], new[np.roll(is_first, -1)]
    begin = np.searchsorted(moments, moments[first] - rules.window)
    end = np.searchsorted(moments, moments[last] + rules.window, "right")
    lowest = _by_range(series.price, begin, end, np.minimum)
    highest = _by_range(series.price, begin, end, np.maximum)
    suspect = highest - lowest > rules.slack(lowest)
    return within(begin[suspect], end[suspect])


def _by_range(values: Column, begin: Column, end: Column, pick: np.ufunc) -> Column:
    """What `pick` picks in each range; they are not empty, ascend, and do not overlap."""
    edges = np.stack((begin, end), axis=1).ravel()
    if len(edges) and edges[-1] == len(values):
        edges = edges[:-1]  # reduceat knows no place behind the last
    picked: Column = pick.reduceat(values, edges)[::2]
    return picked


def _extremes(values: Column, begin: Column, end: Column, pick: np.ufunc) -> Column:
    """What `pick` picks in each range; they are not empty, and may overlap.

    Any range is covered by two of a length that is a power of two. So for each such
    length `reach` holds, by place, what is picked from there on.
    """
    picked = np.empty_like(begin)
    _, bits = np.frexp((end - begin).astype(np.float64))
    reach, length = values, 1
    for power in range(1, bits.max(initial=0) + 1):
        its = np.flatnonzero(bits == power)
        picked[its] = pick(reach[begin[its]], reach[end[its] - length])
        reach = pick(reach[:-length], reach[length:])
        length *= 2
    return picked
