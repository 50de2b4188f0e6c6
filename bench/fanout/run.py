"""The fan-out: what a price tick costs the server, for each user who is told of it.

Each contender gets the same users, lists and ticks, in the same run. Its CPU time
is read from /proc when all are connected and again when all have received
everything, with the sockets still open. The sending side of the feed, the load
client, Postgres and Redis are other processes, and do not count.
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bench.contenders import CONTENDERS, Contender
from bench.crowd.messages import Gather, Heard
from bench.fanout.kernel import floor
from bench.market.plan import Plan
from bench.section import Section
from bench.stage import stage

KERNEL = "kernel"
DEFAULT = ("tickwatch", "channels-daphne", KERNEL)
SLOW_TICKS = 2


class Cost(NamedTuple):
    """What one contender took."""

    name: str
    rounds: list[float]
    """CPU µs of the server per user and tick, round by round."""
    frames: float
    """Per user and tick."""
    frame_bytes: float
    """Of one frame, on the wire above TCP."""
    joining_ms: float
    """CPU of the server for a new socket, until it has had its snapshot."""
    kilobytes: float
    """By which the server grew for each socket."""

    @property
    def microseconds(self) -> float:
        return statistics.median(self.rounds)


def measure(contender: Contender, plan: Plan) -> Cost:
    """Run one contender through its ticks. Raises BenchmarkFailed if anybody lacks anything."""
    with stage(contender, plan) as on:
        before = on.used()
        on.clients.ask(Gather(on.address.port, on.opening.guests))
        on.clients.ask(on.opening.newest)
        joined = on.used()
        rounds: list[float] = []
        heard: list[Heard] = []
        for _ in range(plan.rounds):
            began = on.used().cpu_seconds
            heard += [on.clients.ask(on.feed.ask("tick")) for _ in range(plan.ticks)]
            used = on.used().cpu_seconds - began
            rounds.append(used / plan.users / plan.ticks * 1e6)
    frames = sum(each.frames for each in heard)
    return Cost(
        contender.name,
        rounds,
        frames / len(heard) / plan.users,
        sum(each.bytes for each in heard) / frames,
        (joined.cpu_seconds - before.cpu_seconds) / plan.users * 1e3,
        (joined.resident_bytes - before.resident_bytes) / plan.users / 1024,
    )


def measure_kernel(plan: Plan, *, frame_bytes: int) -> list[float]:
    """CPU µs of a process that only sends, per frame; round by round."""
    rounds = (
        floor(users=plan.users, frame_bytes=frame_bytes, ticks=plan.ticks)
        for _ in range(plan.rounds)
    )
    return [seconds / plan.users / plan.ticks * 1e6 for seconds in rounds]


def run(plan: Plan, *, names: Sequence[str] = DEFAULT, slow_ticks: int = SLOW_TICKS) -> Section:
    """Measure the named contenders; the kernel sends frames as long as the first one's."""
    costs = []
    for name in names:
        if name != KERNEL:
            contender = CONTENDERS[name]
            print(f"fan-out: {contender.name} …", file=sys.stderr, flush=True)
            own = replace(plan, ticks=slow_ticks, rounds=1) if contender.slowness > 1 else plan
            costs.append(measure(contender, own))
    first = costs[0]
    rows = [_row(cost, first) for cost in costs]
    if KERNEL in names:
        print("fan-out: the kernel …", file=sys.stderr, flush=True)
        kernel = measure_kernel(plan, frame_bytes=round(first.frame_bytes))
        rows.append(
            (
                "send(2) of the same frames, nothing else",
                *_figures(kernel, first),
                "1.0",
                f"{first.frame_bytes:,.0f}",
                "",
                "",
            )
        )
    return Section(_title(plan), _METHOD, _COLUMNS, rows)


_COLUMNS = (
    "server",
    "CPU µs per user per tick",
    "rounds",
    "times the first",
    "frames per user per tick",
    "bytes per frame",
    "CPU ms to join",
    "KB per socket",
)
_METHOD = """\
Every user has a socket and watches some of the tickers; every tick moves every ticker. Counted is
the CPU time of the server process (`/proc/PID/stat`, user and system) between *all connected* and
*all received*, with the sockets still open; wall time is not looked at. Ticks follow each other
as soon as everybody has the last one. The feed, the load client, Postgres and Redis are other
processes. The client checks every frame: each user must come to hold the newest committed price of
each of their tickers, and no sequence may fail to grow.

Tickwatch is the real server, `python -m config.server`, with signed-in sockets on `/ws/watchlist`,
watchlists in Postgres and ticks through the job that runs in production. Plain Channels
(`bench/peers`) is what one writes first: a consumer that joins a group for each of its tickers,
the `RedisPubSubChannelLayer` of channels_redis (the faster of its two), one message per ticker and
user; nobody signs in and nothing is recorded. *Rounds* are the lowest and the highest round, the
figure is their median; what costs milliseconds gets one round of few ticks. *CPU ms to join* is
what the server spends on a new socket until it has its first snapshot, signing in included;
*KB per socket* is how much the process grew with each."""


def _title(plan: Plan) -> str:
    popularity = ", popularity by Zipf" if plan.zipf else ""
    return (
        f"Fan-out: {plan.users:,} users with {plan.per_user} of {plan.tickers:,} tickers each, "
        f"all moving{popularity}"
    )


def _row(cost: Cost, first: Cost) -> tuple[str, ...]:
    return (
        cost.name,
        *_figures(cost.rounds, first),
        f"{cost.frames:,.1f}",
        f"{cost.frame_bytes:,.0f}",
        f"{cost.joining_ms:.2f}",
        f"{cost.kilobytes:.1f}",
    )


def _figures(rounds: list[float], first: Cost) -> tuple[str, str, str]:
    median = statistics.median(rounds)
    return (
        f"{median:,.1f}",
        f"{min(rounds):,.1f} - {max(rounds):,.1f}",
        f"{median / first.microseconds:,.2f}",
    )
