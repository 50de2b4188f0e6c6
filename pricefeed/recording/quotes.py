"""The newest quotes in Postgres: read as columns, written by one statement."""

from collections.abc import Iterable

import numpy as np
from django.db import connection

from pricefeed.columns import Column
from pricefeed.recording.verdict import Quotes
from securities.models import Quote

_READ = """
SELECT security_id, (price * 1000000)::bigint, (previous_close * 1000000)::bigint,
       (extract(epoch FROM updated_at) * 1000000)::bigint, sequence
  FROM securities_quote
 WHERE security_id = ANY(%s)
"""

_UPSERT = """
INSERT INTO securities_quote AS quote
       (security_id, price, previous_close, updated_at, sequence)
SELECT * FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::bigint[])
    ON CONFLICT (security_id) DO UPDATE
   SET price = excluded.price,
       previous_close = excluded.previous_close,
       updated_at = excluded.updated_at,
       sequence = excluded.sequence
"""


def standing_quotes(security: Column) -> Quotes:
    """The quotes of these securities (ascending), in their order. One query."""
    quotes = Quotes.none_of(security)
    with connection.cursor() as cursor:
        cursor.execute(_READ, [security.tolist()])
        found = np.array(cursor.fetchall(), np.int64).reshape(-1, 5)
    places = np.searchsorted(security, found[:, 0])
    for number, column in enumerate(
        (quotes.price, quotes.previous_close, quotes.at, quotes.sequence), start=1
    ):
        column[places] = found[:, number]
    return quotes


def write_quotes(quotes: Iterable[Quote]) -> None:
    """Put them in the place of what was there. One statement."""
    columns = zip(
        *(
            (each.security_id, each.price, each.previous_close, each.updated_at, each.sequence)
            for each in quotes
        ),
        strict=True,
    )
    values = [list(column) for column in columns]
    if values:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, values)
