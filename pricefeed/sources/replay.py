"""Plays a file of real ticks as if they came in now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Self

from django.conf import settings

from pricefeed.sources.base import SourceError
from pricefeed.sources.place import Place, SharedPlace
from pricefeed.sources.ticks_csv import Row, read_ticks
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry, default_catalogue

MOST_TICKS_AT_ONCE = 100_000
_ONLY_MOMENT = timedelta(seconds=1)
_SHORTEST_PASS = timedelta(milliseconds=1)
"""At a high speed a short file would take no time at all, and looped never end."""


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

    def due(self, now: datetime) -> Row | None:
        """The next row, if its time has come; `take` it to get at the one after."""
        if self.waiting is None:
            self.waiting = next(self.rows, None)
        if self.waiting is None or self.played_at(self.waiting.time) > now:
            return None
        return self.waiting

    def take(self, row: Row) -> None:
        """The row that was due has been played."""
        self.waiting = None
        if row.time > self.last:
            self.gap, self.last = row.time - self.last, row.time

    @property
    def ended(self) -> bool:
        """Asked after `due` gave None: whether that was the end of the file."""
        return self.waiting is None

    @property
    def repeats_at(self) -> datetime:
        """When the file begins again: as long after its end as its last two moments are apart."""
        return max(self.played_at(self.last + self.gap), self.begins + _SHORTEST_PASS)


class ReplaySource:
    """Ticks from a file at `speed` times their pace, from the first fetch on.

    Each fetch gives every tick that has become due since the last, in the file's
    order, with its time moved to our clock; about MOST_TICKS_AT_ONCE at most, the
    rest with the next fetch. At the end it begins again when `loop` is set, as long
    after the last tick as that one came after the moment before it; else nothing
    comes any more. The file is read as it is played, never as a whole.

    With a `place` several processes play together, whoever is asked: each goes on
    where the last one was. A worker that restarts within the place's life goes on,
    too; after it, and without a place, a restart begins anew.
    """

    def __init__(
        self,
        path: Path,
        *,
        speed: Decimal = Decimal(1),
        loop: bool = True,
        place: SharedPlace | None = None,
    ) -> None:
        self._path, self._speed, self._loop = path, float(speed), loop
        self._shared = place
        self._pass: _Pass | None = None
        self._played: datetime | None = None
        self._broken: SourceError | None = None
        self._tickers: tuple[int, list[str]] | None = None

    @classmethod
    def from_settings(cls) -> Self:
        """As the REPLAY_… settings say. Raises SourceError where there is no file."""
        path = settings.REPLAY_FILE
        if path is None:
            raise SourceError(
                "PRICE_SOURCE is replay, but REPLAY_FILE does not name a file of ticks.",
                retryable=False,
            )
        place = SharedPlace.from_settings(name=f"{path.resolve()} {settings.REPLAY_SPEED}")
        return cls(path, speed=settings.REPLAY_SPEED, loop=settings.REPLAY_LOOP, place=place)

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        """What has become due. A broken line is reported by the fetch after the ticks before it."""
        if self._broken is not None:
            raise self._broken
        ticks: list[Tick] = []
        try:
            self._find_place(now)
            self._keep_place(self._play(now, ticks))
        except SourceError as error:
            if ticks:
                self._keep_place(ticks[-1].at)
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

    def _find_place(self, now: datetime) -> None:
        """Open the file, or open it anew where another process has begun another pass."""
        place = self._shared.load() if self._shared else None
        begins = place.begins if place else self._pass.begins if self._pass else now
        if place:
            self._played = place.played
        if self._pass is None or self._pass.begins != begins:
            self._pass = _Pass.open(self._path, begins=begins, speed=self._speed)

    def _keep_place(self, until: datetime) -> None:
        self._played = until if self._played is None else max(until, self._played)
        if self._shared and self._pass:
            self._shared.save(Place(self._pass.begins, self._played))

    def _play(self, now: datetime, ticks: list[Tick]) -> datetime:
        """Append what is due; returns the moment up to which everything has been played."""
        while self._pass is not None:
            current = self._pass
            while row := current.due(now):
                at = current.played_at(row.time)
                if len(ticks) >= MOST_TICKS_AT_ONCE and at > ticks[-1].at:
                    return ticks[-1].at
                current.take(row)
                if self._played is None or at > self._played:
                    ticks.append(Tick(row.ticker, row.price, at))
            if not current.ended or not self._loop:
                break
            if current.repeats_at > now:
                break
            self._pass = _Pass.open(self._path, begins=current.repeats_at, speed=self._speed)
        return now

    def _give_up(self, error: SourceError) -> None:
        """Open anew what may get better; remember what will not."""
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
