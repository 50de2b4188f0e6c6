"""What is watched, for sources that cost: counted as often as counting is cheap."""

import time
from collections.abc import Callable, Mapping

from django.conf import settings

from watchlists.selectors import most_watched

MOST_TICKERS = 20_000
"""More than any vendor's limit lets through; bounds what is read and sorted each period."""

_SHARE_OF_TIME = 20


class Watched:
    """Counts are used again for twenty times as long as it took to count them.

    So a new security has its price with the next period where lists are few, and
    where they are millions counting takes a twentieth of the database's time at most.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: Mapping[str, int] = {}
        self._until = clock()

    def counts(self) -> Mapping[str, int]:
        """On how many lists each ticker is, by ticker; those of VENDOR_TICKERS on 0 at least."""
        began = self._clock()
        if began >= self._until:
            counted = dict(most_watched(limit=MOST_TICKERS))
            for ticker in settings.VENDOR_TICKERS:
                counted.setdefault(ticker, 0)
            ended = self._clock()
            self._counts, self._until = counted, ended + (ended - began) * _SHARE_OF_TIME
        return self._counts
