"""What was recorded, read from Postgres and compared with what was pushed."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import psycopg

from bench.ingest.bodies import Bodies, Ints
from bench.process import BenchmarkFailed

_READ = """
COPY (SELECT security_id, (extract(epoch FROM at) * 1000)::bigint, sequence,
             (price * 1000000)::bigint FROM pricefeed_tick) TO STDOUT (FORMAT BINARY)
"""
_IDS = "SELECT id FROM securities_security WHERE ticker = ANY(%s) ORDER BY ticker"
_NAMES = ("security", "at", "sequence", "price")
_ROW = np.dtype(
    [("fields", ">i2"), *((kind + name, size) for name in _NAMES
                          for kind, size in (("size_", ">i4"), ("", ">i8")))]
)  # fmt: skip
_HEADER_BYTES, _TRAILER_BYTES = 19, 2


class History(NamedTuple):
    """Every recorded tick: times in milliseconds, prices in millionths; by security and number."""

    security: Ints
    at: Ints
    sequence: Ints
    price: Ints


def read_history() -> History:
    """All there is."""
    with (
        psycopg.connect(os.environ["DATABASE_URL"]) as connection,
        connection.cursor() as cursor,
        cursor.copy(_READ) as copy,
    ):
        data = b"".join(copy)
    rows = np.frombuffer(data[_HEADER_BYTES:-_TRAILER_BYTES], _ROW)
    rows = rows[np.lexsort((rows["sequence"], rows["security"]))]
    return History(*(rows[name].astype(np.int64) for name in _NAMES))


def ids_of(tickers: Sequence[str]) -> list[int]:
    """Their ids, in the order of the tickers, which is that of the alphabet."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return [pk for (pk,) in connection.execute(_IDS, [list(tickers)]).fetchall()]


def require_whole(history: History) -> None:
    """Numbers 1, 2, 3 … without a hole. Raises BenchmarkFailed."""
    numbers = np.sort(history.sequence)
    if not np.array_equal(numbers, np.arange(1, len(numbers) + 1)):
        raise BenchmarkFailed("The numbers of the recorded ticks have holes, or some come twice.")


def numbers_of(history: History, bodies: Bodies, ids: Sequence[int], requests: int) -> Ints:
    """The numbers of a feeder's ticks, by request, lap and ticker.

    Raises BenchmarkFailed unless each acknowledged tick is there exactly once, with its
    price, in the order in which it was pushed, and none besides.
    """
    count = requests * bodies.laps
    places = _places(history, ids, count)
    pushed = np.concatenate([bodies.amounts(request) for request in range(requests)])
    if not np.array_equal(history.price[places], pushed):
        raise BenchmarkFailed("Recorded ticks are others than those pushed, or in another order.")
    at = history.at[places]
    if (np.diff(at, axis=0) < 0).any():
        raise BenchmarkFailed("Recorded ticks are not in the order of their times.")
    return history.sequence[places].reshape(requests, bodies.laps, len(ids))


def _places(history: History, ids: Sequence[int], count: int) -> Ints:
    """Where the ticks of these securities are, by their order and security."""
    first = np.searchsorted(history.security, ids)
    after = np.searchsorted(history.security, ids, side="right")
    wrong = np.flatnonzero(after - first != count)
    if len(wrong):
        has = int((after - first)[wrong[0]])
        raise BenchmarkFailed(
            f"{len(wrong)} tickers have not all their ticks, or more: one has {has} of {count}."
        )
    return first + np.arange(count)[:, np.newaxis]
