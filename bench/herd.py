"""The herd: everybody is cut off at once, and comes back at once."""

import argparse
import os
import sys
import time
from typing import NamedTuple

import psycopg

from bench.contenders import CONTENDERS
from bench.crowd.messages import Back, Cut, Gather
from bench.market.plan import Plan
from bench.section import Headline, Section
from bench.stage import Stage, stage

USERS = 10_000
JITTER_SECONDS = 1.0
STATISTICS_SECONDS = 11.0
"""After which Postgres' idle connections have told what they did (they do within 10)."""

_SCANS = """
SELECT relname, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables
"""
PRICES, LISTS, USERS_TABLE = "securities_quote", "watchlists_watchlistitem", "accounts_user"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument(
        "--jitter", type=float, default=JITTER_SECONDS, help="seconds over which they come back"
    )


def run(options: argparse.Namespace) -> list[Section]:
    """Cut, wait until all are back, count, and see that they are served."""
    print(f"herd: {options.users:,} users …", file=sys.stderr, flush=True)
    plan = Plan(users=options.users)
    with stage(CONTENDERS["tickwatch"], plan) as on:
        on.clients.ask(Gather(on.address.port, on.opening.guests))
        on.clients.ask(on.opening.newest)
        on.clients.ask(on.feed.ask("tick"))
        herd = cut_on(on, jitter_seconds=options.jitter)
        on.clients.ask(on.feed.ask("tick"))
    rows = [
        ("seconds until all have newest prices again", f"{herd.back.seconds:.1f}"),
        ("CPU seconds of the server meanwhile", f"{herd.cpu_seconds:.1f}"),
        ("attempts per client", f"{herd.back.attempts / plan.users:.2f}"),
        ("scans of prices in Postgres meanwhile", f"{herd.scans[PRICES]:,}"),
        ("scans of watchlists in Postgres meanwhile", f"{herd.scans[LISTS]:,}"),
        ("scans of users in Postgres meanwhile", f"{herd.scans[USERS_TABLE]:,}"),
    ]
    title = f"Herd: {plan.users:,} clients cut at once"
    heads = [Headline(f"herd: {rows[at][0]}", row=at) for at in (0, 3)]
    return [Section(title, _METHOD, _COLUMNS, rows, headlines=heads)]


class Herd(NamedTuple):
    """What it took, until everybody was back."""

    back: Back
    cpu_seconds: float
    scans: dict[str, int]
    """Of each table in Postgres."""


def cut_on(on: Stage, *, jitter_seconds: float, settle_seconds: float = STATISTICS_SECONDS) -> Herd:
    """All are connected, and nobody ticks."""
    before, began = scans(settle_seconds), on.used().cpu_seconds
    back: Back = on.clients.ask(Cut(on.address.port, jitter_seconds))
    used = on.used().cpu_seconds - began
    after = scans(settle_seconds)
    return Herd(back, used, {table: after[table] - before[table] for table in after})


def scans(settle_seconds: float) -> dict[str, int]:
    """How often each table was read so far, by anybody, one way or another."""
    time.sleep(settle_seconds)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return dict(connection.execute(_SCANS).fetchall())


_COLUMNS = ("figure", "")
_METHOD = """\
All clients reset their connections in the same moment and come back as our clients do: after a
random part of a second (full jitter), which doubles with every attempt that fails. They forget
what they held and must come to hold the newest price of each of their tickers, none older than
before the cut; then a tick must reach all of them. One server process, the load client, Postgres
and Redis share the machine. Scans are sequential and index scans that Postgres counts for a table
(`pg_stat_user_tables`); no tick happens meanwhile, so each would be the server's."""
