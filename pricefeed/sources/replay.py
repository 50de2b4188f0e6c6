"""Plays a file of real ticks as if they came in now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Self

import structlog
from django.conf import settings

from pricefeed.sources.base import SourceError
from pricefeed.sources.ticks_csv import Row, read_ticks
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry, default_catalogue

log = structlog.get_logger(__name__)

MOST_TICKS_AT_ONCE = 100_000
_ONLY_MOMENT = timedelta(seconds=1)


@dataclass(slots=True)
class _Pass:
    """One time through the file: its first row is played at `begins`."""

    begins: datetime
    first: datetime
    speed: float
    rows: Iterator[Row]
    waiting: Row | None
    last: datetime
    gap: timedelta = _ONLY_MOMENT

    @classmethod
    def open(cls, path: Path, *, begins: datetime, speed: float) -> Self:
        rows = read_ticks(path)
        head = next(rows, None)
        if head is None:
            raise SourceError(f"{path} has no ticks.", retryable=False)
        return cls(begins, head.time, speed, chain((head,), rows), None, head.time)

    def played_at(self, time: datetime) -> datetime:
        """A time in the file on our clock."""
        return self.begins + (time - self.first) / self.speed

    def next_due(self, now: datetime) -> Row | None:
        """The next row whose time has come."""
        if self.waiting is None:
            self.waiting = next(self.rows, None)
        row = self.waiting
        if row is None or self.played_at(row.time) > now:
            return None
        self.waiting = None
        if row.time > self.last:
            self.gap, self.last = row.time - self.last, row.time
        return row

    @property
    def ended(self) -> bool:
        """Asked after `next_due` gave None: whether that was the end of the file."""
        return self.waiting is None


class ReplaySource:
    """Ticks from a file at `speed` times their pace, from the first fetch on.

    Each fetch gives every tick that has become due since the last, in the file's
    order, with its time moved to our clock; at most MOST_TICKS_AT_ONCE, the rest
    with the next fetch. At the end it begins again when `loop` is set, as long
    after the last tick as that one came after the moment before it; else nothing
    comes any more. The position lives in this process: a restart begins anew, and
    only one process may play. The file is read as it is played, never as a whole.
    """

    def __init__(self, path: Path, *, speed: Decimal = Decimal(1), loop: bool = True) -> None:
        self._path, self._speed, self._loop = path, float(speed), loop
        self._pass: _Pass | None = None
        self._over = False
        self._broken: SourceError | None = None
        self._tickers: tuple[int, list[str]] | None = None

    @classmethod
    def from_settings(cls) -> Self:
        """As the REPLAY_… settings say. Raises SourceError where there is no file."""
        if settings.REPLAY_FILE is None:
            raise SourceError(
                "PRICE_SOURCE is replay, but REPLAY_FILE does not name a file of ticks.",
                retryable=False,
            )
        return cls(settings.REPLAY_FILE, speed=settings.REPLAY_SPEED, loop=settings.REPLAY_LOOP)

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        """What has become due. A broken line is reported by the fetch after the ticks before it."""
        if self._broken is not None:
            raise self._broken
        ticks: list[Tick] = []
        try:
            for tick in self._due(now):
                ticks.append(tick)
                if len(ticks) >= MOST_TICKS_AT_ONCE:
                    break
        except SourceError as error:
            self._give_up(error)
            if not ticks:
                raise
        return ticks

    def catalogue(self) -> list[CatalogueEntry]:
        """The file's tickers, with the names that the default catalogue has for them."""
        named = {entry.ticker: entry for entry in default_catalogue()}
        return [
            named.get(ticker, CatalogueEntry(ticker, ticker, "", "USD"))
            for ticker in self._file_tickers()
        ]

    def _due(self, now: datetime) -> Iterator[Tick]:
        while not self._over:
            if self._pass is None:
                self._pass = _Pass.open(self._path, begins=now, speed=self._speed)
            current = self._pass
            while row := current.next_due(now):
                yield Tick(row.ticker, row.price, current.played_at(row.time))
            if not current.ended:
                return
            if not self._loop:
                self._over = True
                log.info("replay_ended", file=str(self._path))
                return
            again = current.played_at(current.last + current.gap)
            if again > now:
                return
            self._pass = _Pass.open(self._path, begins=again, speed=self._speed)

    def _give_up(self, error: SourceError) -> None:
        """Begin anew after what may get better; remember what will not."""
        self._pass = None
        if not error.retryable:
            self._broken = error

    def _file_tickers(self) -> list[str]:
        """Read through once, and again when the file has changed."""
        try:
            changed = self._path.stat().st_mtime_ns
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error}.", retryable=True) from error
        if self._tickers is None or self._tickers[0] != changed:
            self._tickers = changed, sorted({row.ticker for row in read_ticks(self._path)})
        return self._tickers[1]
