"""Keeps this process's search index: builds it on first use and renews it beside the requests.

The index belongs to a version of the catalogue. At most once a second a request
has a thread ask whether that is still the current one; if not, the thread
builds the next index and swaps it in. The request that asked waits a moment for
it, enough for a catalogue of ordinary size, and then searches whatever index is
there; all others search on meanwhile. So nobody waits for Redis, or for a large
catalogue.

With Redis away, and for changes that nobody announced (a row was changed in psql, or the
process was killed before it said so), the keeper compares a fingerprint of the catalogue in
Postgres once in a while. Such a change it announces itself: open sockets and stored lists
are derived from the catalogue as the index is, and nobody else would tell them.
"""

import time
from collections.abc import Callable
from threading import Lock, Thread

import structlog
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from securities import events, version
from securities.search import source
from securities.search.index import SearchIndex

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0
CHECK_SECONDS_WITHOUT_REDIS = 10.0
COMPARE_SECONDS = 60.0
PATIENCE_SECONDS = 0.1


class IndexKeeper:
    """Holds the newest index; safe to use from many threads. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._building, self._checking = Lock(), Lock()
        self.reset()

    def reset(self) -> None:
        """Forget the index; the next search builds one."""
        self._index: SearchIndex | None = None
        self._version: str | None = None
        self._fingerprint: source.Fingerprint | None = None
        self._check_at = self._compare_at = 0.0

    def index(self) -> SearchIndex:
        """The index to search now. Only the very first call can raise DatabaseError."""
        if self._index is None:
            with self._building:  # later comers find it built
                return self._index or self._build()
        if self._clock() >= self._check_at and self._checking.acquire(blocking=False):
            checker = Thread(target=self._check, name="search-index", daemon=True)
            checker.start()
            checker.join(PATIENCE_SECONDS)
        return self._index or self.index()

    def _build(self) -> SearchIndex:
        """Build and swap in. What is read first may only be older than the rows, never newer."""
        current = _current_version()
        fingerprint = source.fingerprint()
        began = self._clock()
        index = SearchIndex(source.rows())
        seconds = round(self._clock() - began, 3)
        log.info("search_index_built", securities=index.size, seconds=seconds)
        self._fingerprint = fingerprint
        self._settle(current)
        self._index = index
        return index

    def _check(self) -> None:
        """In its own thread: renew the index if it is out of date; holds `_checking`."""
        try:
            current = _current_version()
            versions_tell = current is not None and self._version is not None
            if versions_tell and current != self._version:
                self._build()
            elif versions_tell and self._clock() < self._compare_at:
                self._check_at = self._clock() + CHECK_SECONDS
            elif source.fingerprint() == self._fingerprint:
                self._settle(current)
            else:  # nobody has announced it, or Redis was away then
                events.announce_change()
                self._build()
        except DatabaseError as error:
            self._check_at = self._clock() + CHECK_SECONDS
            log.warning("search_index_not_renewed", cause=error)
        finally:
            connection.close()  # to the pool: this thread ends here
            self._checking.release()

    def _settle(self, current: str | None) -> None:
        """The index is as good as this version; say when to look again."""
        now = self._clock()
        self._version = current
        self._check_at = now + (CHECK_SECONDS_WITHOUT_REDIS if current is None else CHECK_SECONDS)
        self._compare_at = now + COMPARE_SECONDS


def _current_version() -> str | None:
    try:
        return version.current()
    except RedisError as error:
        log.warning("catalogue_version_unknown", cause=error)
        return None


keeper = IndexKeeper()
