"""How this project talks to Redis from synchronous code: impatiently.

Nobody may wait for Redis where Postgres can answer, or where the next period tries
again. redis-py's defaults would wait and retry for many seconds before they say
that Redis is away.
"""

from functools import cache

from django.conf import settings
from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_client(*, timeout_seconds: float = 1.0) -> Redis:
    """This process's client of REDIS_URL.

    One retry, at once: a connection may only have died in the pool. Then, or after
    `timeout_seconds` without an answer, calls raise RedisError.
    """
    return _client(settings.REDIS_URL, timeout_seconds)


@cache
def _client(url: str, timeout_seconds: float) -> Redis:
    """Shared by all who ask: of links that died one is waited for, and not each.

    The pool is not the client's own, so closing the client, as a `with` does, leaves it alone.
    """
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), retries=1),
    )
    return Redis(connection_pool=pool)
