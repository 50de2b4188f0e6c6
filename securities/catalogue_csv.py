"""Catalogues as CSV: `ticker,name,exchange,currency`, with a header line, UTF-8.

Only ticker and name are required: a column that is not there says nothing about the
securities we have. `is_active` is written for the reader's eyes and ignored when read
back: activating is a decision of staff, not of a file.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

from securities.catalogue import FIELDS, CatalogueEntry, EntryError, entry
from securities.models import Security

COLUMNS = ("ticker", "name", "exchange", "currency", "is_active")
REQUIRED = ("ticker", "name")

_MOST_PROBLEMS = 100


class LineProblem(NamedTuple):
    """What is wrong on a line; lines count from 1, the header included."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class CatalogueFileError(ValueError):
    """A file that cannot be taken; `problems` names the first hundred bad lines."""

    def __init__(self, problems: list[LineProblem]) -> None:
        super().__init__("; ".join(map(str, problems[:3])))
        self.problems = problems


class CatalogueFile(NamedTuple):
    """What a file says: its entries, and which of their fields it had columns for.

    The other fields of an entry are defaults, for securities that are new.
    """

    entries: list[CatalogueEntry]
    fields: tuple[str, ...]


def read_catalogue(file: TextIO) -> CatalogueFile:
    """The whole file. One bad line refuses it: raises CatalogueFileError."""
    lines = _read_lines(file)
    _, header = next(lines, (1, []))
    columns = header if isinstance(header, str) else _columns(header)
    if isinstance(columns, str):
        raise CatalogueFileError([LineProblem(1, columns)])
    entries: dict[str, CatalogueEntry] = {}
    places: dict[str, int] = {}
    problems: list[LineProblem] = []
    for line, cells in lines:
        found = cells if isinstance(cells, str) else _entry_of(columns, cells)
        if isinstance(found, str):
            problems.append(LineProblem(line, found))
        elif found.ticker in entries:
            message = f"{found.ticker} is on line {places[found.ticker]} already."
            problems.append(LineProblem(line, message))
        else:
            entries[found.ticker], places[found.ticker] = found, line
        if len(problems) >= _MOST_PROBLEMS:
            break
    if problems:
        raise CatalogueFileError(problems)
    fields = tuple(field for field in FIELDS if field in columns)
    return CatalogueFile(list(entries.values()), fields)


def write_catalogue(securities: Iterable[Security], file: TextIO) -> None:
    """The securities as CSV that `read_catalogue` takes."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in securities:
        active = "yes" if row.is_active else "no"
        writer.writerow((row.ticker, row.name, row.exchange, row.currency, active))


def _read_lines(file: TextIO) -> Iterator[tuple[int, list[str] | str]]:
    """Line numbers, each with its cells or with why nothing can be read from there on.

    The first line comes in any case, later ones unless they are empty.
    """
    reader = csv.reader(file, strict=True)
    line = 1
    try:
        for cells in reader:
            if line == 1 or any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        yield line, f"This is not CSV: {error}."
    except UnicodeDecodeError:
        yield line, "The file is not UTF-8 text from here on."


def _columns(header: list[str]) -> list[str] | str:
    columns = [cell.strip().lstrip("\ufeff").lower() for cell in header]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        absent = " and no column ".join(missing)
        return f"The header has no column {absent}. Columns are separated by commas."
    unknown = [name or "(empty)" for name in columns if name not in COLUMNS]
    if unknown:
        return f"The header has unknown columns: {', '.join(unknown)}."
    if len(set(columns)) < len(columns):
        return "The header names a column twice."
    return columns


def _entry_of(columns: list[str], cells: list[str]) -> CatalogueEntry | str:
    if len(cells) != len(columns):
        return f"There are {len(cells)} cells, but the header has {len(columns)}."
    values = dict(zip(columns, cells, strict=True))
    values.pop("is_active", None)
    try:
        return entry(**values)
    except EntryError as error:
        return error.message
