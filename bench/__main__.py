"""Benchmarks. Without a name all of them run, in minutes, and docs/benchmarks.md is written."""

import argparse
import signal
import sys

from bench import report, search
from bench.capacity import command as capacity
from bench.capacity import command as capacity
from bench.contenders import CONTENDERS
from bench.fanin import run as fanin
from bench.fanout import run as fanout
from bench.market.plan import Plan
from bench.process import BenchmarkFailed, allow_many_sockets
from bench.section import Section

_PLAN = Plan()


def main() -> None:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that scratch databases go
    allow_many_sockets()
    try:
        match options.kind:
            case "fanout":
                _show(_fan_out(options))
            case "fanin":
                _show(fanin.run(sizes=options.tickers, rounds=options.rounds))
            case "capacity":
                for section in capacity.run(options):
                    _show(section)
            case "capacity":
                print(capacity.text(capacity.run(options)))
            case "search":
                _show(search.run())
            case _:
                _everything()
    except BenchmarkFailed as failed:
        sys.exit(f"The benchmark failed: {failed}")


def _everything() -> None:
    machine = report.machine()
    print(machine)
    sections = [_show(fanout.run(_PLAN)), _show(fanin.run()), _show(search.run())]
    report.write(machine, sections)
    print(f"\nWritten to {report.PAGE.relative_to(report.PAGE.parents[1])}.")


def _show(section: Section) -> Section:
    print("\n" + section.text(), flush=True)
    return section


def _fan_out(options: argparse.Namespace) -> Section:
    plan = Plan(
        users=options.users,
        tickers=options.tickers,
        per_user=options.per_user,
        zipf=options.zipf,
        ticks=options.ticks,
        rounds=options.rounds,
    )
    return fanout.run(plan, names=options.servers, slow_ticks=options.slow_ticks)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    kinds = parser.add_subparsers(dest="kind")
    kinds.add_parser("search", help="searching among 50,000 securities")
    capacity.add_options(
        kinds.add_parser(
            "capacity",
            help="what millions of users take, worked out from measured costs",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
    )
    capacity.add_options(
        kinds.add_parser(
            "capacity",
            help="what millions of users take, worked out from measured costs",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
    )
    fan_in = kinds.add_parser("fanin", help="what a changed ticker costs each server process")
    fan_in.add_argument("--tickers", type=int, nargs="+", default=fanin.SIZES)
    fan_in.add_argument("--rounds", type=int, default=fanin.ROUNDS)
    fan_out = kinds.add_parser(
        "fanout",
        help="what a tick costs for each user who is told of it",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    fan_out.add_argument("--users", type=int, default=_PLAN.users, help="each with a socket")
    fan_out.add_argument("--tickers", type=int, default=_PLAN.tickers, help="all moving")
    fan_out.add_argument("--per-user", type=int, default=_PLAN.per_user, help="tickers watched")
    fan_out.add_argument("--zipf", action="store_true", help="some tickers are popular")
    fan_out.add_argument("--ticks", type=int, default=_PLAN.ticks, help="in a round")
    fan_out.add_argument("--rounds", type=int, default=_PLAN.rounds)
    fan_out.add_argument(
        "--slow-ticks", type=int, default=fanout.SLOW_TICKS, help="in all, for plain Channels"
    )
    fan_out.add_argument(
        "--servers",
        nargs="+",
        choices=[*CONTENDERS, fanout.KERNEL],
        default=fanout.DEFAULT,
        help="the others are compared with the first",
    )
    return parser


if __name__ == "__main__":
    main()
