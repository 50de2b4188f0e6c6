"""How often somebody may try: attempts are counted per clock minute, in Redis.

Counting is atomic and comes before the password is looked at, so that many
attempts at the same time are not more than as many one after another. When Redis
is away nothing is counted and a warning is logged: signing in stays possible,
and the cost of a password hash remains as the limit.
"""

import hashlib
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from rest.errors import ApiError

WINDOW_SECONDS = 60

log = structlog.get_logger(__name__)


class Limit(NamedTuple):
    """At most `allowed` attempts a minute of this kind by this one."""

    kind: str
    who: str
    allowed: int

    def key(self, window: int) -> str:
        # Hashed: names may be long, hold anything, and need not be readable in Redis.
        return f"attempts:{self.kind}:{_digest(self.who)}:{window}"


class Attempt:
    """One attempt, counted when it is made. Errors: 429 `throttled` with Retry-After.

    What the first limit refuses does not count towards the next: put the narrowest first,
    and nobody can use up alone what others share.
    """

    def __init__(self, *limits: Limit) -> None:
        now = time.time()
        # Stays empty without Redis. One that hangs costs one timeout, not one for each command.
        self._keys: dict[str, str] = {}
        with _warning_without_redis():
            self._keys = {limit.kind: _count(limit, now) for limit in limits}

    def forget_all(self, kind: str) -> None:
        """It succeeded: all attempts of this kind and minute are forgiven."""
        if self._keys:
            with _warning_without_redis():
                cache.delete(self._keys[kind])

    def give_back(self, *kinds: str) -> None:
        """It succeeded: this one does not count."""
        if self._keys:
            with _warning_without_redis():
                for kind in kinds:
                    with suppress(ValueError):  # it may have expired
                        cache.decr(self._keys[kind])


def _count(limit: Limit, now: float) -> str:
    """The key under which the attempt has been counted; raises where it is one too many."""
    key = limit.key(int(now // WINDOW_SECONDS))
    if _increment(key) > limit.allowed:
        raise _throttled(WINDOW_SECONDS - now % WINDOW_SECONDS)
    return key


def _increment(key: str) -> int:
    # The key names its minute and outlives it, so it cannot expire between the two
    # commands and come back as a counter that never ends.
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    return cache.incr(key)


def _throttled(seconds: float) -> ApiError:
    wait = max(1, math.ceil(seconds))
    return ApiError(
        429,
        "throttled",
        f"Too many attempts. Try again in {wait} s.",
        headers={"Retry-After": str(wait)},
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def _warning_without_redis() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        log.warning("attempts_not_counted", cause=error)
