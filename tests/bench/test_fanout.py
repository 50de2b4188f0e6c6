"""The fan-out benchmark in small: a figure counts only if everybody was told everything."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from redis import Redis

from bench.contenders import CONTENDERS
from bench.fanout.kernel import floor
from bench.fanout.run import measure
from bench.market.plan import Plan
from bench.process import BenchmarkFailed
from bench.scratch import scratch

REDIS_DATABASE = "/14"  # the other tests fill theirs, and a benchmark wants an empty one
SMALL = Plan(users=20, tickers=10, per_user=4, ticks=2, rounds=2)


@pytest.fixture
def redis_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    url = urlsplit(os.environ["REDIS_URL"])._replace(path=REDIS_DATABASE).geturl()
    monkeypatch.setenv("REDIS_URL", url)
    with Redis.from_url(url) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "frames"),
    [("tickwatch", 1.0), ("channels-daphne", 4.0)],  # one frame a tick, and one for each ticker
)
def test_it_counts_the_frames_of_each_user_and_tick(
    name: str, frames: float, redis_of_its_own: Redis
) -> None:
    cost = measure(CONTENDERS[name], SMALL)

    assert cost.frames == frames
    assert len(cost.rounds) == SMALL.rounds
    assert cost.joining_ms > 0
    assert 100 < cost.frame_bytes < 1000
    assert redis_of_its_own.dbsize() == 0


def test_a_redis_database_in_use_is_refused_and_left_alone(redis_of_its_own: Redis) -> None:
    redis_of_its_own.set("tickwatch:mark", "theirs")
    try:
        with pytest.raises(BenchmarkFailed, match="holds keys"), scratch():
            pass
        assert redis_of_its_own.get("tickwatch:mark") == b"theirs"
    finally:
        redis_of_its_own.delete("tickwatch:mark")


def test_keys_of_others_who_came_meanwhile_stay(redis_of_its_own: Redis) -> None:
    try:
        with scratch():
            redis_of_its_own.set("somebody-elses", "1")
            redis_of_its_own.set("tickwatch:quotes", "ours")
        assert redis_of_its_own.keys() == [b"somebody-elses"]
    finally:
        redis_of_its_own.delete("somebody-elses")


def test_the_kernels_floor_ends_when_all_bytes_have_arrived() -> None:
    assert floor(users=20, frame_bytes=2000, ticks=3) >= 0


@pytest.mark.parametrize("zipf", [False, True])
def test_nobody_watches_a_ticker_twice_and_every_run_has_the_same_lists(zipf: bool) -> None:
    plan = Plan(users=50, tickers=30, per_user=20, zipf=zipf)
    lists = plan.lists()

    assert len(lists) == plan.users
    assert all(len(set(each)) == plan.per_user for each in lists)
    assert lists == plan.lists()


def test_popular_tickers_are_on_more_lists() -> None:
    lists = Plan(users=200, tickers=100, per_user=10, zipf=True).lists()

    assert sum("T00000" in each for each in lists) > 3 * sum("T00099" in each for each in lists)
