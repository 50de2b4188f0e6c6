"""What everybody else can see by now: the counter in Postgres, and the mark in Redis."""

import os
import threading
import time
from typing import NamedTuple

import numpy as np
import psycopg
import redis
from numpy.typing import NDArray

_EVERY_SECONDS = 0.01
_COMMITTED = "SELECT sequence FROM pricefeed_feed"
_MARK = "tickwatch:mark"


class Seen(NamedTuple):
    """Looks in their order: when each had ended (CLOCK_MONOTONIC), and what it saw.

    The counter is locked from before a tick is numbered until its commit; so who sees it
    at a number sees all ticks up to that one.
    """

    at: NDArray[np.float64]
    committed: NDArray[np.int64]
    published: NDArray[np.int64]

    def when(self, sequence: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.float64]:
        """When each number was first seen, in one of our columns; infinite where it never was."""
        return np.append(self.at, np.inf)[np.searchsorted(seen, sequence)]

    def number_at(self, moment: float) -> int:
        """The newest number that was committed at a moment."""
        place = int(np.searchsorted(self.at, moment, side="right")) - 1
        return int(self.committed[place]) if place >= 0 else 0


class Probe(threading.Thread):
    """Looks every ten milliseconds, with sessions of its own, as long as the process lives."""

    def __init__(self, *, is_published: bool = True) -> None:
        super().__init__(daemon=True)
        self._is_published = is_published
        self._rows: list[tuple[float, int, int]] = []
        self.moved = threading.Condition()
        self.committed = self.published = 0

    def run(self) -> None:
        with (
            psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as postgres,
            redis.Redis.from_url(os.environ["REDIS_URL"]) as store,
        ):
            while True:
                time.sleep(_EVERY_SECONDS)
                row = postgres.execute(_COMMITTED).fetchone()
                committed = row[0] if row else 0
                published = _number(store.get(_MARK)) if self._is_published else committed
                at = time.monotonic()
                self._rows.append((at, committed, published))
                with self.moved:
                    self.committed, self.published = committed, published
                    self.moved.notify_all()

    def seen(self) -> Seen:
        """So far."""
        at, committed, published = zip(*self._rows.copy(), strict=True)
        return Seen(np.array(at), np.array(committed), np.array(published))


def _number(mark: object) -> int:
    return int(mark.rpartition(b":")[2]) if isinstance(mark, bytes) else 0
