"""Ticks whose tickers nobody has entered as securities: left out, but not in silence."""

import time
from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger(__name__)

_SECONDS_BETWEEN_LINES = 60
_EXAMPLES = 5


class UnknownTicks:
    """Counts them, and says so at most once a minute: how many since the last line, and a few."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._silent_until = clock()

    def add(self, tickers: Iterable[str]) -> None:
        """The ticker of each such tick."""
        left_out = list(tickers)
        self._count += len(left_out)
        if not left_out or self._clock() < self._silent_until:
            return
        examples = sorted(set(left_out))[:_EXAMPLES]
        log.warning("ticks_of_unknown_tickers", ticks=self._count, examples=examples)
        self._count, self._silent_until = 0, self._clock() + _SECONDS_BETWEEN_LINES
