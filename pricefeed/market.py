"""When US securities are traded: New York's hours, holidays and short days.

NYSE and NASDAQ keep the same ones. Unscheduled closings, a day of mourning or a hurricane, are
known to the calendar some days later; nothing but the word on the screen is wrong until then.
"""

from collections.abc import Container, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

State = Literal["always", "pre", "open", "post", "closed"]

VENDORS = frozenset({"alpaca", "yahoo"})
"""The values of PRICE_SOURCE that are vendors: their prices are the market's."""

_NEW_YORK = ZoneInfo("America/New_York")
_SATURDAY = 5
_MOST_DAYS_CLOSED = 10
_PRE, _OPEN = time(4), time(9, 30)
_CLOSE, _END = time(16), time(20)
_SHORT_CLOSE, _SHORT_END = time(13), time(17)


class Market(NamedTuple):
    """What the market is, and until when (aware); prices of our own have no hours: `always`."""

    state: State
    until: datetime | None


@cache
def _calendar() -> tuple[Container[date], Container[date]]:
    """Closed days and short days; each year is worked out when it is first asked for."""
    # Here, since it takes 15 MB that processes with simulated prices can do without.
    from holidays import financial_holidays  # noqa: PLC0415
    from holidays.constants import HALF_DAY, PUBLIC  # noqa: PLC0415

    return (
        financial_holidays("XNYS", categories=PUBLIC),
        financial_holidays("XNYS", categories=HALF_DAY),
    )


def prices_are_a_vendors() -> bool:
    """Whether prices come from a vendor, and so follow the market."""
    return settings.PRICE_SOURCE in VENDORS


def market_now() -> Market:
    """The market that the prices in use follow."""
    return market_at(timezone.now()) if prices_are_a_vendors() else Market("always", None)


def market_at(moment: datetime) -> Market:
    """The market at an aware moment."""
    state: State = "closed"
    today = moment.astimezone(_NEW_YORK).date()
    for ahead in range(_MOST_DAYS_CLOSED):
        for begins, next_state in _changes(today + timedelta(days=ahead)):
            if begins > moment:
                return Market(state, begins)
            state = next_state
    return Market("closed", moment + timedelta(days=1))


def _changes(day: date) -> Iterator[tuple[datetime, State]]:
    """When a day's states begin; a day ends as it began, closed."""
    closed_days, short_days = _calendar()
    if day.weekday() >= _SATURDAY or day in closed_days:
        return
    close, end = (_SHORT_CLOSE, _SHORT_END) if day in short_days else (_CLOSE, _END)
    states: tuple[tuple[time, State], ...] = (
        (_PRE, "pre"), (_OPEN, "open"), (close, "post"), (end, "closed"),
    )  # fmt: skip
    for begins, state in states:
        yield datetime.combine(day, begins, _NEW_YORK), state
