"""For terminals: a table that moves."""

import asyncio
from decimal import Decimal
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from frontend.console.endings import printable
from frontend.console.quotes import Change, Quote, Quotes
from frontend.console.status import Status, local_time

_REDRAW_SECONDS = 0.1  # at the most often, however many frames come
_LOOK_SECONDS = 1.0  # the countdown moves, and so may the size of the terminal
_OTHER_LINES = 6  # head, rules, empty lines, status
_COLOURS = {
    "live": "green",
    "delayed": "yellow",
    "stale": "yellow",
    "reconnecting": "red",
    "connecting": "yellow",
}


class Table:
    """Shows quotes on the whole terminal, and gives that back when it is left."""

    def __init__(self, *, quotes: Quotes, title: str, console: Console | None = None) -> None:
        self._quotes = quotes
        self._title = title
        self._console = console or Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._status = Status("connecting")
        self._dirty = asyncio.Event()
        self._drawn: tuple[str, int, int] | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def changed(self, change: Change) -> None:
        self._dirty.set()

    def status(self, status: Status) -> None:
        self._status = status

    async def keep(self) -> None:
        """Draw, for ever; nothing is drawn while nothing is different."""
        while True:
            looks = (self._status.sentence(), *self._console.size)
            if self._dirty.is_set() or looks != self._drawn:
                self._dirty.clear()
                self._drawn = looks
                self._live.update(self.render(), refresh=True)
            await asyncio.sleep(_REDRAW_SECONDS)
            await self._something()

    async def _something(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._dirty.wait()
        except TimeoutError:
            pass

    def render(self) -> Group:
        """As many rows as there is room for; the rest is counted."""
        tickers = self._quotes.tickers
        room = max(1, self._console.height - _OTHER_LINES)
        shown = tickers if len(tickers) <= room else tickers[: room - 1]
        lines: list[RichTable | Text] = [self._table([self._quotes.get(t) for t in shown])]
        if len(shown) < len(tickers):
            lines.append(Text(f" … and {len(tickers) - len(shown)} more", style="dim"))
        elif not tickers and self._quotes.is_known:
            lines.append(Text(" The list is empty. Add stocks on the screen.", style="dim"))
        return Group(*lines, self._status_line())

    def _table(self, quotes: list[Quote]) -> RichTable:
        table = RichTable(box=SIMPLE_HEAD, expand=True, pad_edge=False)
        table.add_column("Ticker", no_wrap=True, style="bold")
        table.add_column("Name", no_wrap=True, overflow="ellipsis", ratio=1)
        for name in ("Price", "Change", "%", "Updated"):
            table.add_column(name, no_wrap=True, justify="right")
        for quote in quotes:
            table.add_row(*_cells(quote))
        return table

    def _status_line(self) -> Text:
        line = Text(" ● ", style=_COLOURS[self._status.name])
        line.append(self._status.sentence())
        return line.append(f"   {self._title}", style="dim")


def _cells(quote: Quote) -> list[Text]:
    """Text, not markup: what a server says is shown as it is."""
    name = [Text(printable(quote["ticker"])), Text(printable(quote["name"]))]
    price, change, percent = quote["price"], quote["abs_change"], quote["pct_change"]
    if price is None or change is None or percent is None:
        return [*name, Text("-", style="dim"), *[Text("")] * 3]
    rise = Decimal(change)
    sign, style = ("▲", "green") if rise > 0 else ("▼", "red") if rise < 0 else (" ", "")
    shown = Text(printable(price)).append(f" {printable(quote['currency'])}", style="dim")
    updated_at = quote["updated_at"]
    return [
        *name,
        shown,
        Text(f"{sign} {rise:+}", style=style),
        Text(f"{Decimal(percent):+}", style=style),
        Text(local_time(None if updated_at is None else updated_at / 1000), style="dim"),
    ]
