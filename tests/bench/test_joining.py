"""Joining in small, the plain way; ours is on stage in test_stage."""

from redis import Redis

from bench.contenders import CONTENDERS
from bench.joining import measure
from bench.market.plan import Plan


def test_plain_channels_lets_the_same_users_in(redis_of_its_own: Redis) -> None:
    users = 10
    plan = Plan(users=users, tickers=8, per_user=4)
    cost = measure(CONTENDERS["channels-joining"], plan, quiet_seconds=1.0)

    assert len(cost.rounds_ms) == 1  # it is slow
    assert 0 < cost.joining_ms * users < 60_000
    assert cost.before_mb > 10
    assert cost.quiet_us > 0
