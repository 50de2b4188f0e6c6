"""`python -m bench capacity`: options in, tables out; nothing is measured here."""

import argparse
import re
import textwrap
from dataclasses import fields
from pathlib import Path

from bench.capacity.costs import FILE, load
from bench.capacity.model import Impossible
from bench.capacity.plan import Limits, Service
from bench.capacity.table import sections
from bench.process import BenchmarkFailed
from bench.section import Section

USERS = (1_000_000, 10_000_000)
PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
_BLOCK = re.compile(r"(<!-- capacity -->\n).*?(<!-- end of capacity -->)", re.DOTALL)
_HELP = {
    "within_seconds": "promised from commit to the last client",
    "core_share": "of a core, and of the promised time, to plan with",
    "redis_part": "of the planned time, for Redis to hand out a tick",
    "cores_per_host": "of a machine for web processes",
    "nic_bits": "bits a second out of a machine",
    "descriptors": "open files of a process",
    "redis_out_bytes": "bytes a second out of one Redis",
    "redis_clients": "connections to one Redis",
    "postgres_connections": "connections to Postgres",
    "pool_size": "DATABASE_POOL_SIZE of each process",
    "token_minutes": "ACCESS_TOKEN_MINUTES: how often a socket ends and comes back",
    "refresh_ms": "CPU of the request for a new token",
    "postgres_commits": "small transactions a second",
    "postgres_reads": "rows a second, read by short queries",
    "postgres_writes": "rows a second, written in bulk",
    "patience_seconds": "in which everybody shall be back",
    "kernel_socket_kb": "the kernel's memory for a quiet socket",
    "board_kb": "a process' memory for a watched ticker",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The service, the cost file, and every assumption."""
    plain = Service(users=0)
    parser.add_argument("--users", type=_count, nargs="+", default=USERS, help="a column each")
    parser.add_argument("--per-user", type=_count, default=plain.per_user, help="tickers watched")
    parser.add_argument("--tickers", type=_count, default=plain.tickers, help="the universe")
    parser.add_argument(
        "--period", type=_above_zero, default=plain.period_seconds, help="seconds between ticks"
    )
    parser.add_argument("--moving", type=_share, default=plain.moving, help="share that changes")
    parser.add_argument("--costs", type=Path, default=FILE, help="written by make bench")
    parser.add_argument("--write", action="store_true", help=f"the table of docs/{PAGE.name}, too")
    assumed = parser.add_argument_group("assumptions")
    for field in fields(Limits):
        kind = _share if field.name in {"core_share", "redis_part"} else _above_zero
        assumed.add_argument(
            "--" + field.name.replace("_", "-"),
            type=_count if field.type in {"int", int} else kind,
            default=field.default,
            help=_HELP[field.name],
        )


def run(options: argparse.Namespace) -> list[Section]:
    """Raises BenchmarkFailed in one sentence."""
    limits = Limits(**{field.name: getattr(options, field.name) for field in fields(Limits)})
    services = [
        Service(
            users=users,
            per_user=options.per_user,
            tickers=options.tickers,
            period_seconds=options.period,
            moving=options.moving,
        )
        for users in options.users
    ]
    try:
        found = sections(load(options.costs), services, limits)
    except Impossible as reason:
        raise BenchmarkFailed(str(reason)) from None
    if options.write:
        write(found)
    return found


def text(found: list[Section]) -> str:
    """For a terminal: what the figures rest on, too."""
    return "\n\n".join(f"{textwrap.fill(each.method, 100)}\n\n{each.text()}" for each in found)


def write(found: list[Section], page: Path = PAGE) -> None:
    """Put the tables between the page's two marks."""
    page.write_text(_BLOCK.sub(lambda mark: mark[1] + block(found) + mark[2], page.read_text()))


def block(found: list[Section]) -> str:
    """The tables as docs/scaling.md has them, a heading below its own."""
    return "".join(f"\n#{section.markdown()}\n\n" for section in found)


def _count(text: str) -> int:
    value = int(text.replace(",", "").replace("_", ""))
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1")
    return value
