"""Reads around recording: the counter, what a source is told, what was recorded lately."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection

from pricefeed.models import Feed
from pricefeed.ticks import Instrument
from securities.models import Quote, Security
from securities.selectors import securities_with_quotes

_TOTALS = """
SELECT sequence, anomalies_up, anomalies_down,
       (SELECT coalesce(sum(dropped), 0) FROM pricefeed_streamposition),
       (SELECT max(updated_at) FROM securities_quote)
  FROM pricefeed_feed
"""


class Totals(NamedTuple):
    """Ticks recorded, anomalies found, ticks dropped, since ever; the time of the newest price."""

    recorded: int
    anomalies_up: int
    anomalies_down: int
    dropped: int
    newest_at: datetime | None


def feed() -> Feed:
    """The counter. One query."""
    return Feed.objects.get()


def totals() -> Totals:
    """What has been committed in all. One query, which reads every quote: some milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS)
        return Totals(*cursor.fetchone())


def instruments() -> list[Instrument]:
    """Every active security with its newest price, by ticker. One query."""
    rows = (
        Security.objects.filter(is_active=True)
        .order_by("ticker")
        .values_list(
            "ticker", "quote__price", "quote__previous_close", "quote__updated_at", named=False
        )
    )
    return [Instrument(*row) for row in rows]


def ticker_owners() -> dict[str, int]:
    """The key of every security, active or not, by its ticker. One query, for repairs only."""
    return dict(Security.objects.values_list("ticker", "pk"))


def without_quote() -> list[Security]:
    """Every active security that never had a price. One query, for repairs only."""
    return list(Security.objects.filter(is_active=True, quote=None))


def quotes_after(sequence: int) -> list[tuple[Security, Quote]]:
    """Every active security whose quote was recorded after `sequence`, oldest first. One query.

    For repairs only: it reads the whole table, whose hot columns have no index.
    """
    rows = securities_with_quotes().filter(is_active=True, quote__sequence__gt=sequence)
    return [(row, row.quote) for row in rows.order_by("quote__sequence")]
