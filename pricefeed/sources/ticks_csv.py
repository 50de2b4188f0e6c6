"""Files of ticks: a CSV with time, ticker and price, read row by row.

`time` is ISO 8601 (without an offset: UTC) or whole milliseconds since 1970. A
header is optional; with one the columns may come in any order and others may
stand beside them. Times must not go backwards, because the file is never held
whole. Empty lines are skipped.
"""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from pricefeed.columns import is_in_range
from pricefeed.sources.base import SourceError
from securities.money import MAX_PRICE, SMALLEST_PRICE
from securities.tickers import canonical_ticker

COLUMNS = ("time", "ticker", "price")

_MILLISECONDS = re.compile(r"-?\d+")


class Row(NamedTuple):
    """One line of the file."""

    time: datetime
    ticker: str
    price: Decimal


class _RowError(ValueError):
    """What is wrong with a line, as a sentence."""


def read_ticks(path: Path) -> Iterator[Row]:
    """The file's rows, in order. Raises SourceError, with the line where there is one.

    A line that is wrong will be wrong again; a file that cannot be read may be
    readable the next time.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(path, file)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror or error}.", retryable=True
        ) from error


def _rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    columns: tuple[int, ...] | None = None
    before: datetime | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(cells)
                if columns is not None:
                    continue
                columns = (0, 1, 2)
            row = _row(cells, columns, not_before=before)
            before = row.time
            yield row
    except (_RowError, csv.Error) as error:
        raise SourceError(f"{path}, line {reader.line_num}: {error}.", retryable=False) from error
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path}, after line {reader.line_num}: this is not UTF-8 text.", retryable=False
        ) from error


def _columns(cells: list[str]) -> tuple[int, ...] | None:
    """Where the columns stand, if this is a header."""
    names = [cell.strip().lower() for cell in cells]
    if not set(COLUMNS) & set(names):
        return None
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise _RowError(f"the header lacks {' and '.join(missing)}")
    return tuple(names.index(column) for column in COLUMNS)


def _row(cells: list[str], columns: tuple[int, ...], *, not_before: datetime | None) -> Row:
    if len(cells) <= max(columns):
        raise _RowError("a line needs a time, a ticker and a price")
    time, ticker, price = (cells[column].strip() for column in columns)
    canonical = canonical_ticker(ticker)
    if canonical is None:
        raise _RowError(f"{ticker!r} is not a ticker")
    row = Row(_time(time), canonical, _price(price))
    if not_before is not None and row.time < not_before:
        raise _RowError("its time is before that of the line above")
    return row


def _time(text: str) -> datetime:
    try:
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise _RowError(
            f"{text!r} is neither an ISO 8601 time nor milliseconds since 1970"
        ) from None


def _price(text: str) -> Decimal:
    """As written; what is finer than the smallest price is rounded to it."""
    try:
        price = Decimal(text)
        if price.is_finite() and -price.as_tuple().exponent > 6:  # type: ignore[operator]
            price = price.quantize(SMALLEST_PRICE)
    except InvalidOperation:
        raise _RowError(f"{text!r} is not a price") from None
    if not is_in_range(price):
        raise _RowError(f"the price {text} is not between {SMALLEST_PRICE} and {MAX_PRICE}")
    return price
