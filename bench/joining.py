"""Joining: what a signed-in socket takes until it has its snapshot, and while it is open."""

import argparse
import statistics
import sys
import time
from typing import NamedTuple

from bench.contenders import CONTENDERS, Contender
from bench.crowd.messages import Gather
from bench.market.plan import Plan
from bench.peers.debian import Missing
from bench.process import BenchmarkFailed
from bench.section import Costs, Headline, Section
from bench.stage import Stage, stage
from bench.usage import connections
from pricefeed.delivery.protocol import HEARTBEAT_SECONDS

USERS = 10_000
ROUNDS = 3
SERVERS = ("tickwatch", "channels-joining", "nats")
_QUIET_SECONDS = float(HEARTBEAT_SECONDS)
"""In which each socket has a heartbeat, and one in four a ping; but for newcomers."""


class Cost(NamedTuple):
    """What one contender took: the rounds of joining; all else is of the last round."""

    rounds_ms: list[float]
    """Of the server's CPU for each socket that came in, round by round."""
    kilobytes: float
    """By which the server has grown for each."""
    before_mb: float
    """What it held without any."""
    quiet_us: float
    """Its CPU a second for each open socket, while there are no prices to send."""

    @property
    def joining_ms(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds_ms)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--per-user", type=int, default=Plan().per_user, help="tickers watched")
    parser.add_argument("--servers", nargs="+", choices=[*CONTENDERS], default=SERVERS)


def run(options: argparse.Namespace) -> list[Section]:
    """Let everybody in, for each contender."""
    plan = Plan(users=options.users, per_user=options.per_user)
    rows: list[tuple[str, ...]] = []
    costs: Costs = {}
    for name in options.servers:
        contender = CONTENDERS[name]
        print(f"joining: {contender.name} …", file=sys.stderr, flush=True)
        try:
            cost = measure(contender, plan)
        except (Missing, BenchmarkFailed) as failed:
            if name == "tickwatch":
                raise
            rows.append((f"{contender.name}: not measured, {failed}", *[""] * (len(_COLUMNS) - 1)))
            continue
        rows.append((contender.name, *figures(cost)))
        if name == "tickwatch":
            costs = _costs(cost)
    title = f"Joining: {plan.users:,} sockets with {plan.per_user} tickers each"
    others = range(1, len(rows))
    heads = [
        Headline("new sockets with their snapshot, a second of CPU", beside=others),
        Headline(f"KB per socket, of {plan.users:,}", column=4, beside=others),
    ]
    return [Section(title, _METHOD, _COLUMNS, rows, costs, heads)]


def measure(contender: Contender, plan: Plan, *, quiet_seconds: float = _QUIET_SECONDS) -> Cost:
    """All come in, get a tick, and stay. Raises BenchmarkFailed if anybody lacks anything."""
    earlier = ROUNDS - 1 if contender.slowness == 1 else 0
    rounds_ms = [_come_in_alone(contender, plan) for _ in range(earlier)]
    with stage(contender, plan) as on:
        before = on.used()
        rounds_ms.append(_come_in(on, plan))
        if contender.slowness == 1:
            on.clients.ask(on.feed.ask("tick"))
        growth = on.used().resident_bytes - before.resident_bytes
        quiet_us = _quiet_us(on, plan, seconds=quiet_seconds)
        _require_everybody(on, plan)
    return Cost(
        rounds_ms,
        growth / plan.users / 1024,
        before.resident_bytes / 2**20,
        quiet_us,
    )


def _come_in_alone(contender: Contender, plan: Plan) -> float:
    with stage(contender, plan) as on:
        return _come_in(on, plan)


def _come_in(on: Stage, plan: Plan) -> float:
    """The CPU in milliseconds for each."""
    before = on.used().cpu_seconds
    on.clients.ask(Gather(on.address.port, on.opening.guests))
    on.clients.ask(on.opening.newest)
    return (on.used().cpu_seconds - before) / plan.users * 1e3


def _require_everybody(on: Stage, plan: Plan) -> None:
    open_now = connections(on.address.port)
    if open_now < plan.users:
        raise BenchmarkFailed(f"only {open_now:,} of {plan.users:,} sockets were still open")


def _quiet_us(on: Stage, plan: Plan, *, seconds: float) -> float:
    time.sleep(seconds)  # until they are newcomers no more
    before, began = on.used().cpu_seconds, time.monotonic()
    time.sleep(seconds)
    used = on.used().cpu_seconds - before
    return used / (time.monotonic() - began) / plan.users * 1e6


def figures(cost: Cost) -> tuple[str, ...]:
    """As the columns after the contender's name."""
    return (
        f"{1e3 / cost.joining_ms:,.0f}",
        f"{1e3 / max(cost.rounds_ms):,.0f} - {1e3 / min(cost.rounds_ms):,.0f}",
        f"{cost.joining_ms:.2f}",
        f"{cost.kilobytes:.1f}",
        f"{cost.before_mb:.0f}",
        f"{cost.quiet_us:.2f}",
    )


def _costs(cost: Cost) -> Costs:
    return {
        "join_ms": round(cost.joining_ms, 3),
        "socket_kb": round(cost.kilobytes, 1),
        "process_mb": round(cost.before_mb),
        "quiet_us": round(cost.quiet_us, 2),
    }


_COLUMNS = (
    "server",
    "sockets per second of CPU",
    "rounds",
    "CPU ms each",
    "KB per socket",
    "MB without sockets",
    "CPU µs a second per quiet socket",
)
_METHOD = """\
New sockets, 64 at a time, until each has its first snapshot with the newest price of each ticker.
The users, their lists and their tokens were made before; lists are in Postgres, not yet in Redis.
Counted is the CPU time of the server, one process, between *nobody connected* and *all have their
snapshots*. *Rounds* are the lowest and the highest round, the figure is their median; who is slow
gets one. *KB per socket* is by how much the resident memory of the server has grown when all
have had their first tick, too (plain Channels: before that, it would take minutes); buffers of the
kernel are not in it.

Plain Channels here does the same work the plain way, on the same uvicorn (`bench/peers`): each
consumer verifies its token and reads its user, reads the list with its prices from Postgres, joins
a group for each ticker and sends the snapshot. NATS has the easier task: nobody signs in, and
there is no snapshot.

Afterwards all stay open and no prices come. After 25 s it is measured for as long what that costs:
heartbeats (while prices come, they go along with these), pings (in that time plain Channels sends
each socket one, ours one in four, NATS fewer) and what looks after the sockets."""
