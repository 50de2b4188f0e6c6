"""Which security a ticker means, known in each web process: ticks are too many to ask Postgres."""

import threading
import time
from collections.abc import Callable, Iterable

from securities import version
from securities.selectors import meant_by

UNKNOWN, INACTIVE = -1, 0
_MOST_SPELLINGS = 200_000
_LIFE_SECONDS = 60  # for changes that nobody announced


class KnownTickers:
    """Tickers, as they were written, to ids. Every change of the catalogue begins it anew.

    What is not known is asked for, all of a message by one query; so what was just
    entered is found at once, and nothing is read that nobody pushes.
    """

    def __init__(self, current_version: Callable[[], str] = version.current) -> None:
        self._current_version = current_version
        self._version: str | None = None
        self._ids: dict[str, int] = {}
        self._until = 0.0
        self._lock = threading.Lock()

    def find_all(self, tickers: Iterable[str]) -> dict[str, int]:
        """The id of each: INACTIVE for one that may not be pushed, UNKNOWN where there is none.

        One question to Redis, one query where some are new here. Raises RedisError.
        """
        known = self._of_this_version()
        found = {ticker: known.get(ticker) for ticker in tickers}
        missing = {ticker for ticker, pk in found.items() if pk is None}
        read = _read(missing) if missing else {}
        active = {ticker: pk for ticker, pk in read.items() if pk > 0}
        if len(known) + len(active) < _MOST_SPELLINGS:
            known.update(active)
        return {ticker: read[ticker] if pk is None else pk for ticker, pk in found.items()}

    def _of_this_version(self) -> dict[str, int]:
        now = self._current_version()
        with self._lock:
            if now != self._version or time.monotonic() > self._until:
                self._version, self._ids = now, {}
                self._until = time.monotonic() + _LIFE_SECONDS
            return self._ids


def _read(spellings: set[str]) -> dict[str, int]:
    found = meant_by(spellings)
    ids = {text: each.id if each.is_active else INACTIVE for text, each in found.items()}
    return {text: ids.get(text, UNKNOWN) for text in spellings}
