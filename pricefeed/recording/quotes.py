"""The newest quotes in Postgres: read as columns, written by one statement."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from django.db import connection

from pricefeed.columns import Column, decimal_of, moment_of
from pricefeed.recording.binary import bigint_array, execute, numeric_array, timestamptz_array
from pricefeed.recording.verdict import Quotes


class Named(NamedTuple):
    """A security, as far as who is told of its price has to know it."""

    pk: int
    ticker: str
    name: str
    currency: str


class Moved(NamedTuple):
    """A quote that has become another; its fields are those of the model."""

    security_id: int
    price: Decimal
    previous_close: Decimal
    updated_at: datetime
    sequence: int


_READ = """
SELECT security_id, (price * 1000000)::bigint, (previous_close * 1000000)::bigint,
       (extract(epoch FROM updated_at) * 1000000)::bigint, sequence
  FROM securities_quote
 WHERE security_id = ANY(%s)
"""

_NAMES = "SELECT id, ticker, name, currency FROM securities_security WHERE id = ANY(%s)"

_UPSERT = """
INSERT INTO securities_quote AS quote
       (security_id, price, previous_close, updated_at, sequence)
SELECT * FROM unnest(%b::bigint[], %b::numeric[], %b::numeric[], %b::timestamptz[], %b::bigint[])
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


def write_quotes(quotes: Quotes) -> None:
    """Put them in the place of what was there. One statement."""
    if len(quotes.security):
        arrays = [
            bigint_array(quotes.security),
            numeric_array(quotes.price),
            numeric_array(quotes.previous_close),
            timestamptz_array(quotes.at),
            bigint_array(quotes.sequence),
        ]
        execute(_UPSERT, arrays)


def named_securities(ids: Column) -> dict[int, Named]:
    """Those of these securities that there are. One query, and no objects of models."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [ids.tolist()])  # one array: thousands of values took ten times that
        return {row[0]: Named(*row) for row in cursor.fetchall()}


def moved_quotes(quotes: Quotes) -> list[Moved]:
    """As values, in their order."""
    columns = (quotes.security, quotes.price, quotes.previous_close, quotes.at, quotes.sequence)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Moved(security, decimal_of(price), decimal_of(close), moment_of(at), sequence)
        for security, price, close, at, sequence in rows
    ]
