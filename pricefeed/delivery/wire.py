"""Quotes and frames as text: what goes over the wire is joined, never serialised again.

A quote has two parts. Its *identity* (name, currency, previous close) seldom
changes; its *delta* (price, changes, time, sequence) does with every tick. A
client that knows the identity gets the delta alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import msgspec

from pricefeed.recording.quotes import Moved, Named
from securities.models import Quote, Security
from securities.money import abs_change, pct_change, price_text
from securities.times import milliseconds

_json = msgspec.json.Encoder().encode


class WireQuote(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One ticker's quote, encoded once, by the process that publishes it."""

    ticker: str
    sequence: int
    delta: str
    """What a tick changes, a JSON object."""
    identity: str
    """The other members of the whole quote, without braces."""

    @classmethod
    def of(cls, security: Security | Named, quote: Quote | Moved | None) -> Self:
        """Encode a quote; None stands for a security that has no price yet (sequence 0)."""
        return cls.build(
            ticker=security.ticker,
            name=security.name,
            currency=security.currency,
            price=quote.price if quote else None,
            previous_close=quote.previous_close if quote else None,
            updated_at=quote.updated_at if quote else None,
            sequence=quote.sequence if quote else 0,
        )

    @classmethod
    def build(
        cls,
        *,
        ticker: str,
        name: str,
        currency: str,
        price: Decimal | None,
        previous_close: Decimal | None,
        updated_at: datetime | None,
        sequence: int,
    ) -> Self:
        """Encode from plain values; prices become strings, the time integer milliseconds."""
        if price is None or previous_close is None or updated_at is None:
            prices = '"price":null,"abs_change":null,"pct_change":null,"updated_at":null'
            close = "null"
        else:
            prices = (
                f'"price":"{price_text(price)}",'
                f'"abs_change":"{price_text(abs_change(price, previous_close))}",'
                f'"pct_change":"{pct_change(price, previous_close)}",'
                f'"updated_at":{milliseconds(updated_at)}'
            )
            close = f'"{price_text(previous_close)}"'
        return cls(
            ticker,
            sequence,
            f'{{"ticker":{_text(ticker)},{prices},"sequence":{sequence}}}',
            f'"name":{_text(name)},"currency":{_text(currency)},"previous_close":{close}',
        )

    @property
    def full(self) -> str:
        """The whole quote, a JSON object."""
        return f"{self.delta[:-1]},{self.identity}}}"


def frame(kind: str, **fields: Any) -> str:
    """A server frame of plain values."""
    return _json({"type": kind, **fields}).decode()


PRICES_TAIL = "]}"


def prices_head(sequence: int) -> str:
    """How a `prices` frame begins; `sequence`: everything up to it has been sent."""
    return f'{{"type":"prices","sequence":{sequence},"quotes":['


def prices_frame(sequence: int, quotes: str) -> str:
    """A `prices` frame around quotes that are already joined by commas."""
    return prices_head(sequence) + quotes + PRICES_TAIL


def snapshot_frame(
    sequence: int, quotes: Iterable[str], *, tickers: Sequence[str] | None = None
) -> str:
    """A `snapshot` frame: everything the client watches, as of `sequence`.

    For a client that resumes, `quotes` are the newer ones alone and `tickers` name all.
    """
    names = "" if tickers is None else f'"tickers":{_json(tickers).decode()},'
    return f'{{"type":"snapshot","sequence":{sequence},{names}"quotes":[{",".join(quotes)}]}}'


def watchlist_frame(
    *, epoch: str, tickers: Sequence[str], added: Iterable[str], removed: Sequence[str]
) -> str:
    """A `watchlist` frame: the list as it is now, whole quotes of what joined it, what left it.

    `epoch` names the list for who comes back to it.
    """
    return (
        f'{{"type":"watchlist","epoch":{_text(epoch)},"tickers":{_json(tickers).decode()},'
        f'"added":[{",".join(added)}],"removed":{_json(removed).decode()}}}'
    )


def _text(value: str) -> str:
    return _json(value).decode()
