"""What a source is told and what it tells: plain values between sources and recording."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """One price of one ticker, as a source saw it.

    `at` is aware (UTC) and says when the price was true, not when it was fetched.
    `previous_close` is given by sources that know it; None means *as before*.
    """

    ticker: str
    price: Decimal
    at: datetime
    previous_close: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """An active security as a source is told about it; all None while it has no quote.

    `updated_at` is when `price` was true, so a source can tell a new day. `watchers` is
    on how many watchlists it is, counted for vendors alone.
    """

    ticker: str
    price: Decimal | None
    previous_close: Decimal | None
    updated_at: datetime | None
    watchers: int = 0
