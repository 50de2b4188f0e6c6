"""Pushed ticks that wait, in the Redis of the processes."""

from typing import Any

from redis import Redis

from tests.integration.processes import wait_until


def await_all_recorded(redis: Redis) -> None:
    """Until every tick that was taken is in Postgres."""
    wait_until(lambda: not _waiting(redis), seconds=60, what="everything to be recorded")


def _waiting(redis: Redis) -> int:
    counts: list[Any] = [redis.hvals("tickwatch:{ticks}:" + name) for name in ("appended", "gone")]
    appended, gone = (sum(map(int, each)) for each in counts)
    return appended - gone
