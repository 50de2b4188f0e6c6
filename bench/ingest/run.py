"""Ingest: pushed ticks from the body of a request to the commit, and to the sockets' door."""

import argparse
import sys
from dataclasses import replace

import numpy as np

from bench.ingest.measure import Result, measure
from bench.ingest.method import method
from bench.ingest.plan import Plan
from bench.ingest.stage import OURS, PLAIN
from bench.section import Headline, Section

SIZES = (500, 5000)
WORKERS = (1, 2)
_STAGES = ("web", "workers", "Postgres", "Redis", "client")


def add_options(parser: argparse.ArgumentParser) -> None:
    plan = Plan()
    parser.add_argument("--tickers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--feeders", type=int, default=plan.feeders, help="connections that push")
    parser.add_argument("--request", type=int, default=plan.request, help="ticks in a request")
    parser.add_argument(
        "--window", type=int, default=plan.window, help="ticks under way in the closed loop"
    )
    parser.add_argument("--search", type=float, default=plan.search_seconds, help="seconds")
    parser.add_argument("--hold", type=float, default=plan.hold_seconds, help="seconds")
    parser.add_argument("--spikes", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--plain", action=argparse.BooleanOptionalAction, default=True)


def run(options: argparse.Namespace) -> list[Section]:
    """Each number of tickers with each number of workers, and the plain way."""
    plan = Plan(
        feeders=options.feeders,
        request=options.request,
        window=options.window,
        search_seconds=options.search,
        hold_seconds=options.hold,
    )
    rows = []
    for tickers in options.tickers:
        for workers in options.workers:
            _say(f"ingest: {tickers:,} tickers, {workers} worker(s) …")
            of = replace(plan, tickers=tickers, workers=workers)
            result = measure(OURS, of, looks_for_spikes=options.spikes)
            rows.append(_row(f"Tickwatch, {_workers(workers)}, {tickers:,} tickers", result))
    if options.plain:
        tickers = options.tickers[0]
        _say(f"ingest: {tickers:,} tickers, the plain way …")
        result = measure(PLAIN, _plain(replace(plan, tickers=tickers)), looks_for_spikes=False)
        rows.append(_row(f"the plain way, {tickers:,} tickers", result))
    title = "Ingest: ticks a second from the request to the commit"
    plain = [len(rows) - 1] if options.plain else []
    ours = rows[0][0].removeprefix("Tickwatch, ")
    head = Headline(f"ticks a second from request to commit, {ours}", beside=plain)
    return [Section(title, method(plan, _plain(plan)), _COLUMNS, rows, headlines=[head])]


def _plain(plan: Plan) -> Plan:
    """It takes as long for a tick as ours for hundreds."""
    return replace(plan, feeders=2, request=250, window=1000)


def _row(name: str, result: Result) -> tuple[str, ...]:
    held = result.held
    delays = [
        f"{np.quantile(each, share) * 1e3:,.0f}"
        for each, share in ((held.committed, 0.5), (held.committed, 0.99), (held.published, 0.99))
    ]
    cpu = [f"{held.cpu_us[stage]:.1f}" if stage in held.cpu_us else "" for stage in _STAGES]
    return (
        name,
        f"{held.rate:,.0f}",
        *delays,
        *cpu,
        f"{sum(held.cpu_us.values()):.1f}",
        f"{result.ticks:,}",
        "" if result.anomalies is None else f"{result.anomalies:,}",
    )


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


_COLUMNS = (
    "pipeline",
    "ticks a second",
    "p50 ms to the commit",
    "p99",
    "p99 ms until published",
    *(f"CPU µs a tick: {stage}" for stage in _STAGES),
    "all",
    "ticks checked",
    "anomalies checked",
)
