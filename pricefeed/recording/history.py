"""The history of prices: ticks appended by binary COPY, built as one array."""

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from pricefeed.columns import Column
from pricefeed.recording.binary import NUMERIC, SINCE_2000, put_numerics

_COPY = "COPY pricefeed_tick (security_id, at, sequence, price) FROM STDIN (FORMAT BINARY)"
_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"

_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("security_size", ">i4"),
        ("security", ">i8"),
        ("at_size", ">i4"),
        ("at", ">i8"),
        ("sequence_size", ">i4"),
        ("sequence", ">i8"),
        ("price_size", ">i4"),
        ("price", NUMERIC),
    ]
)

Rows = NDArray[np.void]


def history_rows(*, security: Column, price: Column) -> Rows:
    """Ticks as Postgres reads them; their times and numbers are still to be filled in."""
    rows = np.empty(len(security), _ROW)
    rows["fields"] = 4
    rows["security_size"] = rows["at_size"] = rows["sequence_size"] = 8
    rows["price_size"] = NUMERIC.itemsize
    rows["security"] = security
    put_numerics(rows["price"], price)
    return rows


def append_history(rows: Rows, *, at: Column, sequence: Column) -> None:
    """Write them, in this order: by security and time is cheapest, as the key is."""
    rows["at"], rows["sequence"] = at - SINCE_2000, sequence
    # Django wraps no errors of COPY by itself.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(_COPY) as copy:
        copy.write(_BEGIN + rows.tobytes() + _END)
