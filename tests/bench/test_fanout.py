"""The fan-out benchmark in small: a figure counts only if everybody was told everything."""

import argparse

import pytest
from redis import Redis

from bench.contenders import CONTENDERS, Contender
from bench.fanout import run as fanout
from bench.fanout.kernel import floor
from bench.fanout.measure import Cost, measure, plan_of
from bench.market.plan import Plan
from bench.peers import debian
from bench.peers.debian import Part, require
from bench.process import BenchmarkFailed
from bench.scratch import scratch

SMALL = Plan(users=20, tickers=10, per_user=4, ticks=2, rounds=2)


def parts_missing(contender: Contender) -> list[str]:
    return [part.package for part in contender.needs if part.path is None]


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("channels-daphne", 4.0),  # one for each ticker
        ("mosquitto", 4.0),
        ("nchan", 4.0),
    ],
)
def test_it_counts_the_frames_of_each_user_and_tick(
    name: str, frames: float, redis_of_its_own: Redis
) -> None:
    if missing := parts_missing(CONTENDERS[name]):
        pytest.skip(f"not installed: {', '.join(missing)}")
    cost = measure(CONTENDERS[name], SMALL)

    assert cost.frames == frames
    assert len(cost.rounds) == SMALL.rounds
    assert cost.microseconds > 0
    assert 100 < cost.frame_bytes < 1000
    assert redis_of_its_own.dbsize() == 0


def test_nats_packs_what_it_has_for_a_user(redis_of_its_own: Redis) -> None:
    if missing := parts_missing(CONTENDERS["nats"]):
        pytest.skip(f"not installed: {', '.join(missing)}")
    cost = measure(CONTENDERS["nats"], SMALL)

    assert 1 <= cost.frames <= SMALL.per_user
    assert cost.frames * cost.frame_bytes > SMALL.per_user * 100


def test_a_peer_that_cannot_be_had_is_a_row_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(contender: Contender, plan: Plan) -> Cost:
        require(contender.needs)
        return Cost([2.0, 1.0, 9.0], 1.0, 100.0)

    needs = (Part("no-such-server", "no-such-package"),)
    monkeypatch.setitem(CONTENDERS, "nats", CONTENDERS["nats"]._replace(needs=needs))
    monkeypatch.setattr(debian, "_install", list)
    monkeypatch.setattr(fanout, "measure", measured)
    (section,) = fanout.run(argparse.Namespace(**vars(SMALL), servers=["tickwatch", "nats"]))

    ours, absent = section.rows
    assert ours[1:4] == ("2.0", "1.0 - 9.0", "1.00")
    assert "no-such-package is not installed" in absent[0]
    assert not any(absent[1:])
    assert len(absent) == len(ours) == len(section.columns)


def test_we_may_not_be_missing_and_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(contender: Contender, plan: Plan) -> Cost:
        raise BenchmarkFailed("2 users lack newest prices.")

    monkeypatch.setattr(fanout, "measure", measured)
    with pytest.raises(BenchmarkFailed, match="2 users lack"):
        fanout.run(argparse.Namespace(**vars(SMALL), servers=["tickwatch", "nats"]))


def test_who_is_slow_gets_fewer_ticks_but_some() -> None:
    plan = Plan(ticks=10, rounds=3)

    assert plan_of(CONTENDERS["tickwatch"], plan) == plan
    slow = plan_of(CONTENDERS["nchan"]._replace(slowness=10), plan)
    assert (slow.ticks, slow.rounds, slow.users) == (3, 1, plan.users)
    assert plan_of(CONTENDERS["nchan"]._replace(slowness=1000), plan).ticks == 2


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
    assert floor(users=20, frame_bytes=2000, ticks=3) > 0


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
