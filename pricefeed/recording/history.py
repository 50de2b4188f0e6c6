"""The history of prices: ticks appended by binary COPY, built as one array."""

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from pricefeed.columns import Column

_COPY = "COPY pricefeed_tick (security_id, at, sequence, price) FROM STDIN (FORMAT BINARY)"
_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"

_SINCE_2000 = 946_684_800_000_000
"""Postgres counts microseconds from 2000 on."""

_NUMERIC_WEIGHT, _NUMERIC_SCALE = 2, 6
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
        # numeric: how many digits to the base 10,000, the weight of the first, sign, decimals
        ("digits", ">i2"),
        ("weight", ">i2"),
        ("sign", ">i2"),
        ("scale", ">i2"),
        ("price", ">i2", (5,)),
    ]
)

Rows = NDArray[np.void]


def history_rows(*, security: Column, price: Column) -> Rows:
    """Ticks as Postgres reads them; their times and numbers are still to be filled in.

    A price has twelve digits before the point and six behind it: three digits to the
    base 10,000 and two. Postgres strips those that are zero.
    """
    rows = np.zeros(len(security), _ROW)
    rows["fields"] = 4
    rows["security_size"] = rows["at_size"] = rows["sequence_size"] = 8
    rows["price_size"] = 18
    rows["digits"], rows["weight"], rows["scale"] = 5, _NUMERIC_WEIGHT, _NUMERIC_SCALE
    rows["security"] = security
    whole, decimals = np.divmod(price, 1_000_000)
    rows["price"][:, 0] = whole // 100_000_000
    rows["price"][:, 1] = whole // 10_000 % 10_000
    rows["price"][:, 2] = whole % 10_000
    rows["price"][:, 3] = decimals // 100
    rows["price"][:, 4] = decimals % 100 * 100
    return rows


def append_history(rows: Rows, *, at: Column, sequence: Column) -> None:
    """Write them, in this order: by security and time is cheapest, as the key is."""
    rows["at"], rows["sequence"] = at - _SINCE_2000, sequence
    # Django wraps no errors of COPY by itself.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(_COPY) as copy:
        copy.write(_BEGIN + rows.tobytes() + _END)
