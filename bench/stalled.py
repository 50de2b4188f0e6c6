"""Stalled clients: a thousand stop reading, and others notice nothing."""

import argparse
import sys
import time
from typing import NamedTuple

from bench.contenders import CONTENDERS
from bench.crowd.messages import Gather
from bench.crowd.stallers import stallers
from bench.latency import delays_ms
from bench.market.plan import Plan
from bench.process import Worker
from bench.section import Headline, Section, percentile
from bench.stage import Stage, stage
from bench.usage import connections

HEALTHY, STALLED = 1000, 1000
TICKS_BEFORE = 60
LONGEST_SECONDS = 60.0
_WARM_UP = 3
_TICKS_AFTER = 3


class Sample(NamedTuple):
    """The server after a tick."""

    seconds: float
    """Since the last of them signed in."""
    cut: int
    """Stalled clients that it has given up."""
    kilobytes: float
    """By which it has grown since, for each stalled client."""


class Watched(NamedTuple):
    """What was seen."""

    before_ms: list[float]
    during_ms: list[float]
    """Delays of the healthy clients' frames."""
    samples: list[Sample]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--healthy", type=int, default=HEALTHY)
    parser.add_argument("--stalled", type=int, default=STALLED)
    parser.add_argument("--ticks", type=int, default=TICKS_BEFORE, help="before they come")
    parser.add_argument(
        "--seconds", type=float, default=LONGEST_SECONDS, help="to wait at most until all are cut"
    )


def run(options: argparse.Namespace) -> list[Section]:
    """Some ticks to those who read, then ticks until all who do not are cut."""
    healthy, stalled = options.healthy, options.stalled
    print(f"stalled: {stalled:,} beside {healthy:,} …", file=sys.stderr, flush=True)
    with (
        stage(CONTENDERS["tickwatch"], Plan(users=healthy + stalled)) as on,
        Worker(stallers) as silent,
    ):
        guests = on.opening.guests
        on.clients.ask(Gather(on.address.port, guests[:healthy], keeps_arrivals=True))
        on.clients.ask(on.opening.newest)
        watched = watch(on, silent, options)
    title = f"Stalled: {stalled:,} clients stop reading beside {healthy:,} who go on"
    rows = _rows(watched, stalled)
    heads = [
        *(Headline(f"stalled: {rows[at][0]}", row=at) for at in (0, 2)),
        Headline("stalled: p99 of the others meanwhile, times before", row=-1),
    ]
    return [Section(title, _METHOD, _COLUMNS, rows, headlines=heads)]


def watch(on: Stage, silent: Worker, options: argparse.Namespace) -> Watched:
    """The healthy are connected: ticks without the stallers, and then ticks with them."""
    healthy, stalled = options.healthy, options.stalled
    for _ in range(_WARM_UP):
        delays_ms(on, healthy)
    before = [delay for _ in range(options.ticks) for delay in delays_ms(on, healthy)]
    silent.ask(Gather(on.address.port, on.opening.guests[healthy:]))
    memory, began = on.used().resident_bytes, time.monotonic()
    during, samples = [], [Sample(0.0, 0, 0.0)]
    while samples[-1].cut < stalled and samples[-1].seconds < options.seconds:
        during += delays_ms(on, healthy)
        growth = on.used().resident_bytes - memory
        samples.append(
            Sample(
                time.monotonic() - began,
                healthy + stalled - connections(on.address.port),
                growth / stalled / 1024,
            )
        )
    for _ in range(_TICKS_AFTER):
        delays_ms(on, healthy)
    return Watched(before, during, samples)


def _rows(watched: Watched, stalled: int) -> list[tuple[str, ...]]:
    before, during = percentile(watched.before_ms, 0.99), percentile(watched.during_ms, 0.99)
    most = max(sample.kilobytes for sample in watched.samples)
    return [
        ("KB of the server per stalled client, at most", f"{most:.1f}"),
        ("seconds until the first of them is cut", _when(watched, 1)),
        ("seconds until all of them are cut", _when(watched, stalled)),
        ("p50 of the others before, ms", f"{percentile(watched.before_ms, 0.5):.1f}"),
        ("p50 of the others meanwhile, ms", f"{percentile(watched.during_ms, 0.5):.1f}"),
        ("p99 of the others before, ms", f"{before:.1f}"),
        ("p99 of the others meanwhile, ms", f"{during:.1f}"),
        ("p99 meanwhile, times before", f"{during / before:.2f}"),
    ]


def _when(watched: Watched, count: int) -> str:
    for sample in watched.samples:
        if sample.cut >= count:
            return f"{sample.seconds:.1f}"
    last = watched.samples[-1]
    return f"not in {last.seconds:.0f} s ({last.cut:,} cut)"


_COLUMNS = ("figure", "")
_METHOD = """\
All clients watch 20 of 500 tickers. First ticks go to the healthy ones alone; then the others sign
in and never read again, with receive buffers of 4 KB. Ticks follow each other as soon as the
healthy ones have the last one, several a second, until the server has closed the last stalled
socket (its connections are counted after each tick). The seconds are counted from the moment when
the last of them has signed in; in these the buffers of the kernel and of the server fill, too.
Memory is the server's resident memory, against that moment. Delays are from the commit to a whole
frame at a healthy client, measured as for the latency, over all frames."""
