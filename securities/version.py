"""The version of the catalogue: a text in Redis that every change of securities replaces.

Whoever keeps something derived from securities (the search index, users' lists)
remembers the version it was made under, and throws it away under another one.
The text has no order and no meaning but to be equal or not.
"""

import uuid
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY = "tickwatch:securities:version"
"""The whole Redis key, for those who read it together with keys of their own."""


def current() -> str:
    """The version; "" before the first change. Raises RedisError."""
    value: bytes | None = _client().get(KEY)  # type: ignore[assignment]  # typed for asyncio, too
    return (value or b"").decode()


def bump() -> None:
    """Begin a new version. Call it after the commit. Raises RedisError."""
    _client().set(KEY, uuid.uuid4().hex)


@cache
def _client() -> "redis.Redis":
    """This process's connections; impatient, because nobody may wait for Redis here.

    One retry is for a connection that died in the pool. The default of redis-py, three
    after growing pauses, would take seconds to say that Redis is away.
    """
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 1),
    )
