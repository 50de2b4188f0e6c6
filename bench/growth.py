"""Growth: does a user cost the same among 16,000 as among 1,000?"""

import argparse
import statistics
import sys

from bench.contenders import CONTENDERS
from bench.fanout.measure import Cost, measure, measure_kernel
from bench.market.plan import Plan
from bench.section import Headline, Section

USERS = (1000, 2000, 4000, 8000, 16_000)
FEW = 50
"""Among so few, most of what a tick costs is what it costs by itself."""
ROUNDS = 3
_FRAMES = 40_000  # in a round: few users get more ticks, so that every round is as long
_FEWEST_TICKS = 5
_TICKS_AMONG_FEW = 200


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=_many, nargs="+", default=USERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--frames", type=int, default=_FRAMES, help="in a round, at least")


def _many(text: str) -> int:
    if (users := int(text)) <= FEW:
        raise argparse.ArgumentTypeError(f"more than {FEW}, please")
    return users


def run(options: argparse.Namespace) -> list[Section]:
    """Measure the fan-out with each number of users, and what the kernel alone takes for it."""
    few = Plan(users=FEW, ticks=_TICKS_AMONG_FEW, rounds=options.rounds)
    among_few = FEW * _measured(few).microseconds
    plans = [_plan(users, options) for users in options.users]
    costs = [_measured(plan) for plan in plans]
    each = [cost.microseconds for cost in costs]
    further = [
        (users * cost - among_few) / (users - FEW)
        for users, cost in zip(options.users, each, strict=True)
    ]
    floors = [_floor(plan, cost) for plan, cost in zip(plans, costs, strict=True)]
    rows = [
        (
            f"{users:,}",
            f"{each[at]:.2f}",
            f"{min(cost.rounds):.2f} - {max(cost.rounds):.2f}",
            f"{each[at] / each[0]:.2f}",
            f"{further[at]:.2f}",
            f"{further[at] / further[0]:.2f}",
            f"{floors[at]:.2f}",
            f"{floors[at] / floors[0]:.2f}",
        )
        for at, (users, cost) in enumerate(zip(options.users, costs, strict=True))
    ]
    method = _METHOD.format(few=FEW, among_few=among_few / 1000)
    among = f"among {options.users[-1]:,} users, times among {options.users[0]:,}"
    heads = [
        Headline(f"CPU per user per tick {among}", row=-1, column=3),
        Headline(f"the same of each beyond the first {FEW}", row=-1, column=5),
    ]
    return [Section("Growth: CPU µs per user per tick", method, _COLUMNS, rows, headlines=heads)]


def _plan(users: int, options: argparse.Namespace) -> Plan:
    ticks = max(_FEWEST_TICKS, -(-options.frames // users))
    return Plan(users=users, ticks=ticks, rounds=options.rounds)


def _measured(plan: Plan) -> Cost:
    print(f"growth: {plan.users:,} users …", file=sys.stderr, flush=True)
    return measure(CONTENDERS["tickwatch"], plan)


def _floor(plan: Plan, cost: Cost) -> float:
    return statistics.median(measure_kernel(plan, frame_bytes=round(cost.frame_bytes)))


_COLUMNS = (
    "users",
    "CPU µs per user per tick",
    "rounds",
    "times the first",
    f"of each beyond the first {FEW}",
    "theirs, times the first",
    "send(2) alone",
    "its times the first",
)
_METHOD = """\
The fan-out of Tickwatch, one process, with more and more users: 20 of 500 tickers each, all
moving. What a tick costs by itself (taking 500 prices from Redis) is spread over the users, so
that it weighs most among few: a tick took {among_few:.1f} ms in all among {few} of them.
*Of each beyond the first {few}* is what every further one adds to that. However many they are, a
round is as many frames long; the figure is the rounds' median. Beside it what the kernel alone
takes to send such frames to as many sockets: what grows there, no server can keep from growing."""
