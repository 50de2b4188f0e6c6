"""Columns in the binary form of Postgres: no number becomes text or an object on its way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from pricefeed.columns import Column

SINCE_2000 = 946_684_800_000_000
"""Postgres counts microseconds from 2000 on."""

NUMERIC = np.dtype(
    [
        # how many digits to the base 10,000, the weight of the first, sign, decimals
        ("count", ">i2"),
        ("weight", ">i2"),
        ("sign", ">i2"),
        ("scale", ">i2"),
        ("digits", ">i2", (5,)),
    ]
)
_WEIGHT, _SCALE = 2, 6
_ARRAY = np.dtype(
    [("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">u4"), ("length", ">i4"), ("first", ">i4")]
)
_BIGINT, _TIMESTAMPTZ, _NUMERIC = 20, 1184, 1700  # the numbers of these types, everywhere the same


def put_numerics(rows: NDArray[np.void], amounts: Column) -> None:
    """Fill rows of NUMERIC with millionths.

    A price has twelve digits before the point and six behind it: three digits to the
    base 10,000 and two. Postgres strips those that are zero.
    """
    rows["count"], rows["weight"], rows["sign"], rows["scale"] = 5, _WEIGHT, 0, _SCALE
    whole, decimals = np.divmod(amounts, 1_000_000)
    rows["digits"][:, 0] = whole // 100_000_000
    rows["digits"][:, 1] = whole // 10_000 % 10_000
    rows["digits"][:, 2] = whole % 10_000
    rows["digits"][:, 3] = decimals // 100
    rows["digits"][:, 4] = decimals % 100 * 100


class Array(bytes):
    """An array for a parameter: `%b::bigint[]`. Postgres takes its type from the cast."""


def bigint_array(values: Column) -> Array:
    """Whole numbers."""
    array = _elements(len(values), ">i8")
    array["value"] = values
    return _array(_BIGINT, array)


def timestamptz_array(at: Column) -> Array:
    """Microseconds since 1970."""
    array = _elements(len(at), ">i8")
    array["value"] = at - SINCE_2000
    return _array(_TIMESTAMPTZ, array)


def numeric_array(amounts: Column) -> Array:
    """Millionths."""
    array = _elements(len(amounts), NUMERIC)
    put_numerics(array["value"], amounts)
    return _array(_NUMERIC, array)


def execute(statement: str, arrays: Sequence[Array]) -> None:
    """Run it over Django's connection, in its transaction; prepared, so planned once for each."""
    # Not by Django's own cursor: it writes parameters into the statement's text.
    with (
        connection.cursor() as wrapper,
        connection.wrap_database_errors,
        psycopg.Cursor(wrapper.connection) as cursor,
    ):
        cursor.adapters.register_dumper(Array, _AsItIs)
        cursor.execute(statement, arrays, prepare=True)


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


def _elements(count: int, form: Any) -> NDArray[np.void]:
    rows = np.empty(count, [("size", ">i4"), ("value", form)])
    rows["size"] = rows.dtype["value"].itemsize
    return rows


def _array(type_number: int, elements: NDArray[np.void]) -> Array:
    head = np.array([(1, 0, type_number, len(elements), 1)], _ARRAY)
    return Array(head.tobytes() + elements.tobytes())
