"""Joining in small, the plain way; ours is on stage in test_stage."""

from redis import Redis

from bench.contenders import CONTENDERS
from bench.joining import Cost, figures, measure
from bench.market.plan import Plan


def test_plain_channels_lets_the_same_users_in(redis_of_its_own: Redis) -> None:
    users = 10
    plan = Plan(users=users, tickers=8, per_user=4)
    cost = measure(CONTENDERS["channels-joining"], plan, quiet_seconds=1.0)

    assert len(cost.rounds_ms) == 1  # it is slow
    assert 0 < cost.joining_ms * users < 60_000
    assert cost.before_mb > 10
    assert cost.quiet_us > 0


def test_of_three_rounds_the_median_counts() -> None:
    cost = Cost([0.2, 0.5, 0.25], kilobytes=10.0, before_mb=130.0, quiet_us=1.5)

    assert figures(cost) == ("4,000", "2,000 - 5,000", "0.25", "10.0", "130", "1.50")
