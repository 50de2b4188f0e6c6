"""The definitions of pricefeed.recording.analytics, written down once more and slowly."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple


class Point(NamedTuple):
    """A tick of one security; those of a series are in order of time, then of sequence."""

    at: int
    price: int


class Found(NamedTuple):
    """A spiking tick, or an anomaly."""

    is_up: bool
    at: int
    price: int
    reference: int


def in_order(arrived: Iterable[Point]) -> list[Point]:
    """The series that ticks come to which arrived like this."""
    return sorted(arrived, key=lambda point: point.at)


def spikes(series: Sequence[Point], *, window: int, share: Fraction) -> list[Found]:
    """Every spiking tick of a series, in order."""
    found = []
    for place, (at, price) in enumerate(series):
        before = [other.price for other in series[:place] if at - other.at <= window]
        if before and price - min(before) > min(before) * share:
            found.append(Found(True, at, price, min(before)))
        if before and max(before) - price > max(before) * share:
            found.append(Found(False, at, price, max(before)))
    return found


def anomalies(spiking: Iterable[Found], *, window: int) -> list[Found]:
    """What begins with the spikes of a series that came in order."""
    begun: list[Found] = []
    for spike in spiking:
        if not any(each.is_up == spike.is_up and spike.at - each.at <= window for each in begun):
            begun.append(spike)
    return begun


def average(series: Sequence[Point], *, of: int) -> Fraction | None:
    """Of the last prices."""
    last = [point.price for point in series[-of:]]
    return Fraction(sum(last), len(last)) if last else None
