"""Benchmarks. Without a name all of them run, in minutes, and docs/benchmarks.md is written."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench import growth, herd, joining, latency, report, search, stalled
from bench.capacity import command as capacity
from bench.fanin import run as fanin
from bench.fanout import run as fanout
from bench.ingest import run as ingest
from bench.peers.debian import Missing
from bench.process import BenchmarkFailed, allow_many_sockets
from bench.section import Section, in_short


class Kind(NamedTuple):
    """What may be asked for by name."""

    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], list[Section]]


KINDS = {
    "fanout": Kind(
        "what a tick costs for each user who is told of it", fanout.add_options, fanout.run
    ),
    "growth": Kind("the same, with more and more users", growth.add_options, growth.run),
    "fanin": Kind("what a changed ticker costs each server process", fanin.add_options, fanin.run),
    "joining": Kind("what a new socket costs, and an open one", joining.add_options, joining.run),
    "latency": Kind("from the commit to the last client", latency.add_options, latency.run),
    "stalled": Kind("clients that stop reading, beside others", stalled.add_options, stalled.run),
    "herd": Kind("all clients cut at once", herd.add_options, herd.run),
    "ingest": Kind("pushed ticks, from the request to the commit", ingest.add_options, ingest.run),
    "search": Kind("searching among 50,000 securities", search.add_options, search.run),
    "capacity": Kind(
        "what millions of users take, worked out from measured costs",
        capacity.add_options,
        capacity.run,
    ),
}

# Command lines, so that each part can be run again by itself.
WHOLE = (
    "fanout",
    "fanout --zipf --tickers 5000 --servers tickwatch nats kernel",
    "growth",
    "fanin",
    "joining",
    "latency",
    "stalled",
    "herd",
    "ingest",
    "search",
)
SMALL = (
    "fanout --users 100 --tickers 50 --ticks 2 --rounds 2",
    "fanout --users 100 --tickers 200 --ticks 2 --zipf --servers tickwatch nats kernel",
    "growth --users 100 200 --frames 300",
    "fanin --tickers 100 --rounds 1",
    "joining --users 200",
    "latency --users 100 --ticks 10",
    "stalled --healthy 50 --stalled 50 --ticks 10 --seconds 30",
    "herd --users 200",
    "ingest --tickers 50 --workers 1 --request 1000 --window 10000 --search 3 --hold 3",
)


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that scratch databases go
    allow_many_sockets()
    try:
        if options.kind is None:
            _everything(parser, SMALL if options.small else WHOLE, into=options.into)
        elif options.kind == "capacity":
            print(capacity.text(capacity.run(options)))
        else:
            _run(options)
    except (BenchmarkFailed, Missing) as failed:
        sys.exit(f"The benchmark failed: {failed}")


def _everything(parser: argparse.ArgumentParser, lines: tuple[str, ...], *, into: Path) -> None:
    machine = report.machine()
    print(machine)
    sections: list[Section] = []
    failed: list[str] = []
    for line in lines:
        try:
            sections += _run(parser.parse_args(line.split()))
        except BenchmarkFailed as why:  # not for one part are the minutes of all others lost
            failed.append(f"{line}: {why}")
            print(f"\n{failed[-1]}", file=sys.stderr, flush=True)
    print("\n" + in_short(sections).text(), flush=True)
    page, costs = into / report.PAGE, into / report.COSTS
    report.write(machine, sections, page=page)
    if failed:
        raise BenchmarkFailed(f"{'; '.join(failed)}. The rest is written to {page}.")
    report.write_costs(sections, file=costs)
    if into == report.ROOT:  # what follows from the costs stands in docs/scaling.md
        capacity.write(capacity.run(parser.parse_args(["capacity"])))
    print(f"\nWritten to {page} and {costs}.")


def _run(options: argparse.Namespace) -> list[Section]:
    sections = KINDS[options.kind].run(options)
    for section in sections:
        print("\n" + section.text(), flush=True)
    return sections


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="all, but only to see that they work")
    parser.add_argument(
        "--into", type=Path, default=report.ROOT, help="the folder for docs/ and bench/"
    )
    kinds = parser.add_subparsers(dest="kind")
    for name, kind in KINDS.items():
        kind.add_options(
            kinds.add_parser(
                name, help=kind.help, formatter_class=argparse.ArgumentDefaultsHelpFormatter
            )
        )
    return parser


if __name__ == "__main__":
    main()
