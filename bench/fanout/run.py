"""The fan-out: each contender gets the same users, lists and ticks, in the same run."""

import argparse
import statistics
import sys
from collections.abc import Sequence

from bench.contenders import CONTENDERS
from bench.fanout.measure import Cost, measure, measure_kernel, plan_of
from bench.market.plan import Plan
from bench.peers.debian import Missing
from bench.process import BenchmarkFailed
from bench.section import Costs, Headline, Section

KERNEL = "kernel"
SERVERS = ("tickwatch", "nats", "mosquitto", "nchan", "channels-daphne", KERNEL)
_PLAN = Plan()


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=_PLAN.users, help="each with a socket")
    parser.add_argument("--tickers", type=int, default=_PLAN.tickers, help="all moving")
    parser.add_argument("--per-user", type=int, default=_PLAN.per_user, help="tickers watched")
    parser.add_argument("--zipf", action="store_true", help="some tickers are popular")
    parser.add_argument("--ticks", type=int, default=_PLAN.ticks, help="in a round")
    parser.add_argument("--rounds", type=int, default=_PLAN.rounds)
    parser.add_argument(
        "--servers",
        nargs="+",
        choices=[*CONTENDERS, KERNEL],
        default=SERVERS,
        help="the others are compared with the first",
    )


def run(options: argparse.Namespace) -> list[Section]:
    """Measure the named contenders; the kernel sends frames as long as the first one's."""
    plan = Plan(
        users=options.users,
        tickers=options.tickers,
        per_user=options.per_user,
        zipf=options.zipf,
        ticks=options.ticks,
        rounds=options.rounds,
    )
    names = [name for name in options.servers if name != KERNEL]
    costs = {name: _measured(name, plan) for name in names}
    first = costs[names[0]]
    if isinstance(first, Exception):
        raise first
    rows = [_row(CONTENDERS[name].name, cost, first) for name, cost in costs.items()]
    if KERNEL in options.servers:
        rows.append(_kernel_row(plan, first))
    ours = first if names[0] == "tickwatch" else None
    head = Headline(f"CPU µs per user per tick, {_market(plan)}", beside=range(1, len(rows)))
    return [Section(_title(plan), _METHOD, _COLUMNS, rows, _costs(plan, ours), [head])]


def _measured(name: str, plan: Plan) -> Cost | Exception:
    """A peer that is not there or does not deliver is a row, not the end of the run."""
    contender = CONTENDERS[name]
    print(f"fan-out: {contender.name} …", file=sys.stderr, flush=True)
    try:
        return measure(contender, plan_of(contender, plan))
    except (Missing, BenchmarkFailed) as failed:
        return failed


def _kernel_row(plan: Plan, first: Cost) -> tuple[str, ...]:
    print("fan-out: the kernel …", file=sys.stderr, flush=True)
    kernel = measure_kernel(plan, frame_bytes=round(first.frame_bytes))
    name = "send(2) of the same frames, nothing else"
    return (name, *_figures(kernel, first), "1.0", f"{first.frame_bytes:,.0f}")


def _row(name: str, cost: Cost | Exception, first: Cost) -> tuple[str, ...]:
    if isinstance(cost, Exception):
        return (f"{name}: not measured, {cost}", *[""] * (len(_COLUMNS) - 1))
    figures = _figures(cost.rounds, first)
    return (name, *figures, f"{cost.frames:,.1f}", f"{cost.frame_bytes:,.0f}")


def _figures(rounds: Sequence[float], first: Cost) -> tuple[str, str, str]:
    median = statistics.median(rounds)
    return (
        f"{median:,.1f}",
        f"{min(rounds):,.1f} - {max(rounds):,.1f}",
        f"{median / first.microseconds:,.2f}",
    )


def _costs(plan: Plan, ours: Cost | None) -> Costs:
    if ours is None or plan.per_user != _PLAN.per_user:
        return {}
    if plan.zipf:
        return {"fan_out_us": {f"{plan.tickers}_zipf": round(ours.microseconds, 1)}}
    return {
        "fan_out_us": {f"{plan.tickers}": round(ours.microseconds, 1)},
        "frame_bytes": round(ours.frame_bytes),
    }


def _title(plan: Plan) -> str:
    return f"Fan-out: {_market(plan)}"


def _market(plan: Plan) -> str:
    popularity = ", popularity by Zipf" if plan.zipf else ""
    return (
        f"{plan.users:,} users with {plan.per_user} of {plan.tickers:,} tickers each, "
        f"all moving{popularity}"
    )


_COLUMNS = (
    "server",
    "CPU µs per user per tick",
    "rounds",
    "times the first",
    "frames per user per tick",
    "bytes per frame",
)
_METHOD = """\
Every user has a socket and watches some of the tickers; every tick moves every ticker. Counted is
the CPU time of the server's processes (their CPU clocks, user and system, all threads) between
*all connected* and *all received*, with the sockets still open; wall time is not looked at. Ticks
follow each other as soon as everybody has the last one. The feed, the load client, Postgres and
Redis are other processes. Of the fast ones the client reads when all has been sent, as for the
bare send(2): on other machines, too, clients would neither compete with the server for its CPU nor
be woken by it. The client understands every frame of every server: each user must come
to hold the newest price of each of their tickers, and no sequence may fail to grow. *Rounds* are
the lowest and the highest round, the figure is their median; who is slow gets one round of fewer
ticks.

Tickwatch is the real server, `python -m config.server`, with signed-in sockets on `/ws/watchlist`,
watchlists in Postgres and ticks through the job that runs in production. The others have the
easier task: nobody signs in, nothing is recorded, there are no snapshots. NATS and Mosquitto get a
subscription for each of a user's tickers, nchan a multiplexed socket, plain Channels a consumer
that joins a group for each of its tickers (`bench/peers`). They send a message for each ticker and
user, as that is what they are for; NATS packs several into a frame."""
