"""Which pushed ticks are taken: each by itself, so a bad one never costs its neighbours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.conf import settings

from pricefeed.columns import Column, TickColumns, microseconds
from pricefeed.sources.pushed.amounts import NO_PRICE, amounts
from pricefeed.sources.pushed.message import At, Decoded
from pricefeed.sources.pushed.tickers import INACTIVE

_NO_TIME = 0
"""No time that is believed: none is as old, and without one it is when it arrives, negative."""

FindTicker = Callable[[str], int]
"""The id of an active security, or INACTIVE, or UNKNOWN."""

Refusals = list[tuple[int, str]]
"""The place and the code of each tick that is not taken."""


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
) -> tuple[TickColumns, Refusals]:
    """The ticks that are taken, in their order; and of the others the place and the code."""
    codes = {place: tick for place, tick in enumerate(ticks) if isinstance(tick, str)}
    read = [tick for tick in ticks if not isinstance(tick, str)]
    security = np.fromiter(map(find, [tick.ticker for tick in read]), np.int64, len(read))
    price = amounts([tick.price for tick in read])
    at = _moments([tick.at for tick in read], times)
    columns = TickColumns(security, at, price)
    is_taken = (security > 0) & (price != NO_PRICE) & (at != _NO_TIME)
    if is_taken.all():
        return columns, [*codes.items()]
    places = [place for place in range(len(ticks)) if place not in codes]
    for row in np.flatnonzero(~is_taken).tolist():
        codes[places[row]] = _code(security[row], price[row])
    return columns.where(is_taken), sorted(codes.items())


def _code(security: int, price: int) -> str:
    """Why a tick is refused."""
    if security <= 0:
        return "inactive_ticker" if security == INACTIVE else "unknown_ticker"
    return "bad_price" if price == NO_PRICE else "bad_time"


def _moments(told: Sequence[At], times: TimeRange) -> Column:
    """Microseconds, as columns have them; _NO_TIME for one that is not believed."""
    try:
        milliseconds = np.array(told, np.int64)
    except (TypeError, OverflowError):  # not all are, or one is absurd
        return np.array([_moment(at, times) for at in told], np.int64)
    earliest, latest = -(-times.earliest // 1000), times.latest // 1000
    is_believed = (earliest <= milliseconds) & (milliseconds <= latest)
    return np.where(is_believed, milliseconds * 1000, _NO_TIME)


def _moment(at: At, times: TimeRange) -> int:
    if at is None:
        return -times.now
    moment = at * 1000 if isinstance(at, int) else microseconds(at)
    return moment if times.earliest <= moment <= times.latest else _NO_TIME
