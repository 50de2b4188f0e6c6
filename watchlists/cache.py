"""Users' lists of active tickers in Redis: read by every socket that opens or follows an edit.

A list is stored by whoever missed it and forgotten by the edit that changes it.
Between the two stands a race: a reader took the old list from Postgres, the edit
committed and forgot, and only then the reader stores. So an edit does not delete
the list, it puts a *tombstone* in its place for a short time, and readers do not
store where one stands. A reader that was slower than half a tombstone's life does
not store at all.

Lists also depend on which securities are active. Each is stored together with
the version of the catalogue that it was read under, and counts only under that.

Redis is a convenience here: while it is away reads say that nothing is known,
and stores do nothing.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from securities import version
from securities.redis_client import redis_client

log = structlog.get_logger(__name__)

LIST_SECONDS = 600
TOMBSTONE_SECONDS = 10
TOMBSTONE = b"edited"

# Not SET NX: a list stored under an older catalogue has to give way.
STORE = """
for place, key in ipairs(KEYS) do
    if redis.call('GET', key) ~= ARGV[1] then
        redis.call('SET', key, ARGV[2 + place], 'EX', ARGV[2])
    end
end
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """When a read of Postgres began and under which catalogue; None: Redis is away."""

    began: float
    catalogue: str | None


def read(user_ids: list[int]) -> tuple[dict[int, list[str]], Reading]:
    """The lists known to Redis, by one command, and what `store` needs for the others."""
    began = time.monotonic()
    try:
        found: Any = redis_client().mget([version.KEY, *map(_key, user_ids)])
    except RedisError as error:
        log.warning("watchlist_cache_away", cause=error)
        return {}, Reading(began, None)
    catalogue, *values = found
    current = (catalogue or b"").decode()
    lists = {
        user_id: _decode(value, current) for user_id, value in zip(user_ids, values, strict=True)
    }
    known = {user_id: tickers for user_id, tickers in lists.items() if tickers is not None}
    return known, Reading(began, current)


def store(lists: Mapping[int, list[str]], reading: Reading) -> None:
    """Keep what was read from Postgres, unless an edit has come between."""
    if reading.catalogue is None or time.monotonic() - reading.began > TOMBSTONE_SECONDS / 2:
        return
    keys = map(_key, lists)
    values = (msgspec.json.encode((reading.catalogue, tickers)) for tickers in lists.values())
    try:
        redis_client().eval(STORE, len(lists), *keys, TOMBSTONE, LIST_SECONDS, *values)
    except RedisError as error:
        log.warning("watchlist_cache_away", cause=error)


def forget(user_ids: Iterable[int]) -> None:
    """Put tombstones in place of these users' lists. Raises RedisError."""
    pipe = redis_client().pipeline(transaction=False)
    for user_id in user_ids:
        pipe.set(_key(user_id), TOMBSTONE, ex=TOMBSTONE_SECONDS)
    pipe.execute()


def _key(user_id: int) -> str:
    return f"tickwatch:watchlist:{user_id}"


def _decode(value: bytes | None, catalogue: str) -> list[str] | None:
    """The list, or None where nothing, a tombstone or another catalogue's list stands."""
    if value is None or value == TOMBSTONE:
        return None
    stored_under, tickers = msgspec.json.decode(value, type=tuple[str, list[str]])
    return tickers if stored_under == catalogue else None
