"""The fan-out benchmark in small: a figure counts only if everybody was told everything."""

import pytest

from bench.fanout.contenders import CONTENDERS
from bench.fanout.kernel import floor
from bench.fanout.plan import Plan
from bench.fanout.run import measure

SMALL = Plan(users=20, tickers=10, per_user=4, ticks=2, rounds=2)


@pytest.mark.parametrize(
    ("name", "frames"),
    [("tickwatch", 1.0), ("channels-daphne", 4.0)],  # one frame a tick, and one for each ticker
)
def test_it_counts_the_frames_of_each_user_and_tick(name: str, frames: float) -> None:
    cost = measure(CONTENDERS[name], SMALL)

    assert cost.frames == frames
    assert len(cost.rounds) == SMALL.rounds
    assert cost.joining_ms > 0
    assert 100 < cost.frame_bytes < 1000


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
