"""A tick of price messages, as the publisher makes them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from bench.fanin.layers import Messages
from pricefeed.delivery.wire import WireQuote


def price_messages(tickers: Sequence[str]) -> Messages:
    """One message for each ticker; groups are named as the tickers, which costs the same."""
    quotes = (
        WireQuote.build(
            ticker=ticker,
            name=f"Company {ticker} Inc.",
            currency="USD",
            price=Decimal("187.40"),
            previous_close=Decimal("182.82"),
            updated_at=datetime.now(UTC),
            sequence=number,
        )
        for number, ticker in enumerate(tickers, start=1)
    )
    return [
        (
            quote.ticker,
            {
                "type": "price.changed",
                "quote": [quote.ticker, quote.sequence, quote.delta, quote.identity],
            },
        )
        for quote in quotes
    ]
