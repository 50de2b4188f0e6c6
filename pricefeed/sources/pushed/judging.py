"""Which pushed ticks are taken: each by itself, so a bad one never costs its neighbours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Inexact

import numpy as np
from django.conf import settings

from pricefeed.columns import TickColumns, is_in_range, microseconds, millionths
from pricefeed.sources.pushed.message import Decoded, PushedTick
from pricefeed.sources.pushed.tickers import INACTIVE

FindTicker = Callable[[str], int]
"""The id of an active security, or INACTIVE, or UNKNOWN."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Which times are believed, in microseconds since 1970, and what counts as now."""

    now: int
    earliest: int
    latest: int

    @classmethod
    def at(cls, now: datetime) -> "TimeRange":
        """As old as the history goes back, as far ahead as clocks may differ."""
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        earliest = today - timedelta(days=settings.PRICE_HISTORY_DAYS)
        ahead = timedelta(seconds=settings.TICK_SECONDS_AHEAD)
        return cls(microseconds(now), microseconds(earliest), microseconds(now + ahead))


def judged(
    ticks: Sequence[Decoded], *, find: FindTicker, times: TimeRange
) -> tuple[TickColumns, list[tuple[int, str]]]:
    """The ticks that are taken, in their order; and of the others the place and the code."""

    rows: list[tuple[int, int, int]] = []
    refused: list[tuple[int, str]] = []
    for place, tick in enumerate(ticks):
        row = tick if isinstance(tick, str) else _row(tick, find(tick.ticker), times)
        if isinstance(row, str):
            refused.append((place, row))
        else:
            rows.append(row)
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return TickColumns(*columns), refused


def _row(tick: PushedTick, security: int, times: TimeRange) -> tuple[int, int, int] | str:
    """Id, time and price as columns have them; or why not. Compares before it computes."""
    if security <= 0:
        return "inactive_ticker" if security == INACTIVE else "unknown_ticker"
    price, at = tick.price, tick.at
    if not is_in_range(price):
        return "bad_price"
    if at is None:
        moment = -times.now
    else:
        moment = at * 1000 if isinstance(at, int) else microseconds(at)
        if not times.earliest <= moment <= times.latest:
            return "bad_time"
    try:
        return security, moment, millionths(price)
    except Inexact:
        return "bad_price"
