"""Growth: does a user cost the same among 16,000 as among 1,000?"""

import argparse
import statistics
import sys
from collections.abc import Sequence

from bench.contenders import CONTENDERS
from bench.fanout.measure import measure, measure_kernel
from bench.market.plan import Plan
from bench.section import Section

USERS = (1000, 2000, 4000, 8000, 16_000)
ROUNDS = 3
_FRAMES = 40_000  # in a round: few users get more ticks, so that every round is as long
_FEWEST_TICKS = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, nargs="+", default=USERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--frames", type=int, default=_FRAMES, help="in a round, at least")


def run(options: argparse.Namespace) -> list[Section]:
    """Measure the fan-out with each number of users, and what the kernel alone takes for it."""
    costs, floors = [], []
    for users in options.users:
        print(f"growth: {users:,} users …", file=sys.stderr, flush=True)
        ticks = max(_FEWEST_TICKS, -(-options.frames // users))
        plan = Plan(users=users, ticks=ticks, rounds=options.rounds)
        cost = measure(CONTENDERS["tickwatch"], plan)
        costs.append(cost.rounds)
        floors.append(measure_kernel(plan, frame_bytes=round(cost.frame_bytes)))
    rows = [
        (
            f"{users:,}",
            f"{statistics.median(rounds):.2f}",
            f"{min(rounds):.2f} - {max(rounds):.2f}",
            f"{_times(rounds, costs[0]):.2f}",
            f"{statistics.median(floor):.2f}",
            f"{_times(floor, floors[0]):.2f}",
        )
        for users, rounds, floor in zip(options.users, costs, floors, strict=True)
    ]
    return [Section("Growth: CPU µs per user per tick", _METHOD, _COLUMNS, rows)]


def _times(rounds: Sequence[float], first: Sequence[float]) -> float:
    return statistics.median(rounds) / statistics.median(first)


_COLUMNS = (
    "users",
    "CPU µs per user per tick",
    "rounds",
    "times the first",
    "send(2) alone",
    "its times the first",
)
_METHOD = """\
The fan-out of Tickwatch, one process, with more and more users: 20 of 500 tickers each, all
moving. What a tick costs by itself (taking 500 prices from Redis) is spread over the users, so
that it weighs most among few. Every round is as many frames long; the figure is the rounds'
median. Beside it what the kernel alone takes to send such frames to as many sockets: what grows
there, no server can keep from growing."""
