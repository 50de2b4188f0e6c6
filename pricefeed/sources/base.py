"""The one interface behind which every price vendor stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry


class SourceError(Exception):
    """A source could not do what it was asked; the message is one sentence for the operator.

    `retryable` says whether asking again can help: a time-out, yes; a broken file, no.
    `retry_after_seconds` is how long the source wants to be left alone, where it said so.
    """

    def __init__(
        self, message: str, *, retryable: bool, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class Source(Protocol):
    """Where ticks come from. One object per worker process, so it may keep state."""

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        """Ticks that are new at `now` (aware, UTC), in order of time within a ticker.

        A source may leave out instruments that have nothing new, and may name
        tickers that are not among the instruments: recording leaves those out.
        Raises SourceError.
        """
        ...

    def catalogue(self) -> list[CatalogueEntry]:
        """Every security that this source can price. Raises SourceError."""
        ...
