"""What a benchmark hands back: a table, and a few sentences on how it was measured."""

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

Costs = Mapping[str, float | Mapping[str, float]]
"""Figures by the names of bench/costs.json."""

_NO_COSTS: Costs = {}


class Headline(NamedTuple):
    """One of the figures for which a section is made: a cell of its table."""

    figure: str
    row: int = 0
    column: int = 1
    beside: Sequence[int] = ()
    """The rows with what it is compared with."""


class Section(NamedTuple):
    """One benchmark's figures. The first column names the rows, the others hold figures."""

    title: str
    method: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    costs: Costs = _NO_COSTS
    """Those that it has measured of Tickwatch, for planning with."""
    headlines: Sequence[Headline] = ()

    def text(self) -> str:
        """For a terminal."""
        table = [self.columns, *self.rows]
        widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in table
        ]
        return "\n".join([self.title, *lines])

    def markdown(self) -> str:
        """For docs/benchmarks.md."""
        rule = ["---", *("---:" for _ in self.columns[1:])]
        lines = [f"| {' | '.join(row)} |" for row in (self.columns, rule, *self.rows)]
        return "\n".join([f"## {self.title}", "", self.method, "", *lines])


def in_short(sections: Sequence[Section]) -> Section:
    """The headlines of all of them, as one table."""
    rows = [
        (head.figure, section.rows[head.row][head.column], _beside(section, head))
        for section in sections
        for head in section.headlines
    ]
    return Section("In short", _IN_SHORT, ("figure", "Tickwatch", "beside it"), rows)


def _beside(section: Section, head: Headline) -> str:
    cells = [(section.rows[row][0], section.rows[row][head.column]) for row in head.beside]
    return "; ".join(f"{_OF_A_NAME.split(name)[0]} {cell}" for name, cell in cells if cell)


_OF_A_NAME = re.compile(r" \(|, ")
"""Where what explains it begins."""
_IN_SHORT = "What all of this is measured for; how, stands with the tables below."


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of them does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
