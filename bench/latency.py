"""Latency: from the commit of a tick to the frame at the last of many clients."""

import argparse
import sys

from bench.contenders import CONTENDERS
from bench.crowd.messages import Arrive, Gather
from bench.market.plan import COMMIT, NEWEST, Plan
from bench.process import BenchmarkFailed
from bench.section import Headline, Section, percentile
from bench.stage import Stage, stage

USERS = 10_000
TICKS = 100
_WARM_UP = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--ticks", type=int, default=TICKS)


def run(options: argparse.Namespace) -> list[Section]:
    """Tick after tick, each when everybody has had the last one and all is quiet again."""
    print(f"latency: {options.users:,} users …", file=sys.stderr, flush=True)
    plan = Plan(users=options.users)
    with stage(CONTENDERS["tickwatch"], plan) as on:
        on.clients.ask(Gather(on.address.port, on.opening.guests, keeps_arrivals=True))
        on.clients.ask(on.opening.newest)
        for _ in range(_WARM_UP):
            delays_ms(on, plan.users)
        ticks = [sorted(delays_ms(on, plan.users)) for _ in range(options.ticks)]
    each = [delay for tick in ticks for delay in tick]
    rows = [
        ("the first client", *_figures([tick[0] for tick in ticks])),
        ("any client", *_figures(each)),
        ("the last client", *(last := _figures([tick[-1] for tick in ticks]))),
    ]
    title = f"Latency: milliseconds from the commit to {plan.users:,} clients, {len(ticks)} ticks"
    costs = {"last_client_ms_p99": float(last[1].replace(",", ""))}
    head = Headline(f"ms to the last of {plan.users:,} clients, p99", row=2, column=2, beside=[0])
    return [Section(title, _METHOD, _COLUMNS, rows, costs, [head])]


def delays_ms(on: Stage, users: int) -> list[float]:
    """A tick: how long after the commit each frame arrived. Raises BenchmarkFailed."""
    committed_at: float = on.feed.ask(COMMIT)
    first = on.clients.ask(Arrive(users))
    rest = on.clients.ask(on.feed.ask(NEWEST))
    arrivals = [*first.arrivals, *rest.arrivals]
    if min(arrivals) < committed_at:
        raise BenchmarkFailed("A frame of an earlier tick arrived after its tick was over.")
    return [(at - committed_at) * 1e3 for at in arrivals]


def _figures(delays: list[float]) -> tuple[str, ...]:
    figures = (percentile(delays, 0.5), percentile(delays, 0.99), max(delays))
    return tuple(f"{figure:,.0f}" for figure in figures)


_COLUMNS = ("who", "p50", "p99", "worst")
_METHOD = """\
Wall time on one machine, with everything on it: Postgres, Redis, the feed, one server process, and
the load client, which takes nearly as much as the server. It begins when the transaction that
recorded the tick has committed, as the recording process sees it, and ends when a client has a
whole frame; both read CLOCK_MONOTONIC, which all processes share. In between lie encoding, Redis
(the newest prices and the messages), the hub and the sockets. The client takes data off its
sockets with the time, and checks the frames when nothing more comes, so that its own work on one
frame does not delay the next. Each client watches 20 of 500 tickers, all of which move; the next
tick comes when all is quiet again."""
