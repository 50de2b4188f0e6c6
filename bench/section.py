"""What a benchmark hands back: a table, and a few sentences on how it was measured."""

from collections.abc import Sequence
from typing import NamedTuple


class Section(NamedTuple):
    """One benchmark's figures. The first column names the rows, the others hold figures."""

    title: str
    method: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

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
