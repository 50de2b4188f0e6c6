"""A vendor's limit holds whoever asks, and however many they are."""

import threading

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from pricefeed.sources.token_bucket import SharedTokenBucket
from securities.redis_client import redis_client


def bucket(redis: Redis, key: str, *, per_minute: int, period: float = 5) -> SharedTokenBucket:
    return SharedTokenBucket(
        redis, key=f"{key}:pace", requests_per_minute=per_minute, period_seconds=period
    )


def age(redis: Redis, key: str, seconds: float) -> None:
    """As if the last request had been so much longer ago."""
    at = int(redis.hget(f"{key}:pace", "at") or 0)  # type: ignore[arg-type]
    redis.hset(f"{key}:pace", "at", at - int(seconds * 1000))


def granted(shared: SharedTokenBucket, attempts: int) -> int:
    """How many of so many attempts, given up at the first refusal: time goes on meanwhile."""
    return next((count for count in range(attempts) if not shared.take()), attempts)


def test_one_request_a_minute_is_one_request_a_minute(redis: Redis, own_vendor_keys: str) -> None:
    shared = bucket(redis, own_vendor_keys, per_minute=1)
    assert granted(shared, 5) == 1
    age(redis, own_vendor_keys, 59)
    assert granted(shared, 5) == 0
    age(redis, own_vendor_keys, 1.1)
    assert granted(shared, 5) == 1


@pytest.mark.parametrize("period", [0.5, 5, 30, 60, 3600])
@pytest.mark.parametrize("per_minute", [1, 5, 200])
def test_no_minute_has_more_than_the_limit_not_even_after_a_rest(
    redis: Redis, own_vendor_keys: str, per_minute: int, period: float
) -> None:
    shared = bucket(redis, own_vendor_keys, per_minute=per_minute, period=period)
    seen = granted(shared, per_minute + 5)
    for _ in range(59):
        age(redis, own_vendor_keys, 1)
        seen += granted(shared, per_minute + 5)
    assert seen <= per_minute


@pytest.mark.parametrize(("period", "least"), [(5, 180), (1, 190), (60, 100)])
def test_most_of_the_limit_can_be_used(
    redis: Redis, own_vendor_keys: str, period: int, least: int
) -> None:
    shared = bucket(redis, own_vendor_keys, per_minute=200, period=period)
    granted(shared, 200)
    seen = 0
    for _ in range(0, 60, period):
        age(redis, own_vendor_keys, period)
        seen += granted(shared, 200)
    assert least <= seen <= 200


def test_workers_share_one_limit(redis: Redis, own_vendor_keys: str) -> None:
    seen: list[int] = []

    def work() -> None:
        shared = bucket(redis_client(), own_vendor_keys, per_minute=200)
        seen.append(granted(shared, 10))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(seen) == bucket(redis, own_vendor_keys, per_minute=200).burst


def test_a_clock_that_went_back_gives_nothing_and_takes_nothing(
    redis: Redis, own_vendor_keys: str
) -> None:
    shared = bucket(redis, own_vendor_keys, per_minute=60)
    granted(shared, 100)
    age(redis, own_vendor_keys, -3600)
    assert granted(shared, 3) == 0
    age(redis, own_vendor_keys, 61)
    assert granted(shared, 3) > 0


def test_without_redis_nobody_may_ask() -> None:
    nowhere = Redis(port=1, retry=Retry(NoBackoff(), 0))
    with pytest.raises(RedisError):
        bucket(nowhere, "nowhere", per_minute=60).take()
