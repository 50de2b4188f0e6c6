"""The measurements of bench.search; Django is set up and its database is empty.

In the same run, on the same queries, stand two ways without an index of our
own: `icontains` over ticker and name, and prefix queries over indexed columns
under UNION ALL. Those two know no accents, no spellings and no typing errors.
"""

import gc
import os
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.test import Client

from bench.section import Section
from bench.universe import queries, universe
from securities.models import Security
from securities.search import source
from securities.search.index import SearchIndex
from securities.search.keeper import keeper
from securities.services import securities_load

SECURITIES = 50_000
# The 99th percentile is a figure only if enough queries took longer still.
QUERIES = 10_000
ENDPOINT_QUERIES = 3_000
QUERIES_WHILE_BUILDING = 3_000
PLAIN_QUERIES = 500
LIMIT = 20

Search = Callable[[str], object]


def measure() -> Section:
    """Fill the empty database, ask, and give the table."""
    load = f"Load of the machine when it began: {os.getloadavg()[0]:.1f}."
    print(load, file=sys.stderr, flush=True)
    loading = fill()
    client = Client()
    asked = queries(source.rows(), QUERIES)
    everything = [query for kind in asked.values() for query in kind]
    random.shuffle(everything)
    building = measure_build()
    index = keeper.index()

    def indexed(query: str) -> object:
        return index.search(query, LIMIT)

    def endpoint(query: str) -> object:
        return client.get("/api/v1/securities", {"q": query})

    rows = [row(f"index: {kind}", timed(indexed, texts)) for kind, texts in asked.items()]
    rows += [
        row("index: all kinds, while the next is built", while_building(everything)),
        row("GET /api/v1/securities, all kinds", timed(endpoint, everything[:ENDPOINT_QUERIES])),
    ]
    rows += [
        row(f"Postgres icontains: {kind}", timed(contains, texts[:PLAIN_QUERIES]))
        for kind, texts in asked.items()
    ]
    rows += [
        row(f"Postgres prefixes, UNION ALL: {kind}", timed(prefixes, asked[kind][:PLAIN_QUERIES]))
        for kind in ("exact ticker", "ticker prefix", "word prefix")
    ]
    return Section(
        f"Search: milliseconds, among {SECURITIES:,} securities",
        f"{_METHOD}\n\n{load} {loading} {building}",
        ("query", "asked", "p50", "p99", "worst", "CPU p50", "CPU p99"),
        rows,
    )


_METHOD = """\
Queries of each kind are asked of our index; beside it, on some of the same queries, stand what one
would write first (`icontains` over ticker and name) and what Postgres does best (two index-ordered
prefix queries under `UNION ALL`). Neither of these knows accents, share-class spellings or typing
errors. The endpoint is the index, one query for the rows it shows, and Django around them; its
worst case is a full garbage collection of Python's. While the next index is built the old one
answers; what it loses then is the interpreter, in turns with the builder. p50, p99 and worst are
wall times; CPU is the time of the asking thread alone, which neighbours on the machine stretch
less. What Postgres computes is in the wall times only."""


class Times(NamedTuple):
    """Milliseconds of many searches, each list sorted."""

    wall: list[float]
    cpu: list[float]
    """Of the searching thread alone: what other programs on the machine cannot stretch."""


def timed(search: Search, asked: list[str], *, warm_up: int = 20) -> Times:
    for query in asked[:warm_up]:
        search(query)
    wall, cpu = [], []
    for query in asked:
        began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
        search(query)
        cpu.append((time.thread_time_ns() - cpu_began) / 1e6)
        wall.append((time.perf_counter_ns() - began) / 1e6)
    return Times(sorted(wall), sorted(cpu))


def row(name: str, times: Times) -> tuple[str, ...]:
    wall = [statistics.median(times.wall), p99(times.wall), times.wall[-1]]
    cpu = [statistics.median(times.cpu), p99(times.cpu)]
    return name, f"{len(times.wall):,}", *(f"{figure:.2f}" for figure in wall + cpu)


def p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]


def fill() -> str:
    """An empty database gets its securities; says how long that took."""
    call_command("migrate", verbosity=0)
    entries = universe(SECURITIES)
    began = time.perf_counter()
    report = securities_load(entries=entries)
    seconds = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO securities_quote SELECT id, 100 + id % 400, 100, now(), id "
            "FROM securities_security"
        )
        cursor.execute(
            "CREATE INDEX bench_name ON securities_security (upper(name) text_pattern_ops)"
        )
        cursor.execute("VACUUM ANALYZE")
    return f"Loading: {report}, in {seconds:.1f} s."


def measure_build() -> str:
    """Says what it takes to build the index, and to hold it."""
    rows = list(source.rows())
    began = time.perf_counter()
    index = SearchIndex(rows)
    seconds = time.perf_counter() - began
    del index
    gc.collect()
    tracemalloc.start()
    index = SearchIndex(rows)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (
        f"Index of {index.size:,}: built in {seconds:.2f} s, "
        f"holds {held / 1e6:.1f} MB ({peak / 1e6:.0f} MB while building)."
    )


def while_building(asked: list[str]) -> Times:
    """Searches in the old index while a thread builds the next, again and again."""
    rows = list(source.rows())
    index = SearchIndex(rows)
    wall: list[float] = []
    cpu: list[float] = []
    while len(wall) < QUERIES_WHILE_BUILDING:
        builder = threading.Thread(target=SearchIndex, args=(rows,))
        builder.start()
        while builder.is_alive():
            query = random.choice(asked)
            times = timed(lambda text: index.search(text, LIMIT), [query], warm_up=0)
            wall += times.wall
            cpu += times.cpu
            time.sleep(0.002)  # as requests come: not in one breath
    return Times(sorted(wall), sorted(cpu))


def contains(query: str) -> object:
    """The plain way."""
    match = Q(ticker__icontains=query) | Q(name__icontains=query)
    active = Security.objects.filter(match, is_active=True)
    return list(active.select_related("quote")[:LIMIT])


def prefixes(query: str) -> object:
    """Two index-ordered prefix queries, each with its own LIMIT, under UNION ALL."""
    pattern = query.upper().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    columns = "id, ticker, name, exchange, currency, price, previous_close, updated_at, sequence"
    part = (
        f"(SELECT {columns} FROM securities_security LEFT JOIN securities_quote "
        "ON security_id = id WHERE is_active AND {column} LIKE %s ORDER BY {column} "
        "USING ~<~ LIMIT %s)"
    )
    sql = part.format(column="ticker") + " UNION ALL " + part.format(column="upper(name)")
    with connection.cursor() as cursor:
        cursor.execute(sql, [pattern, LIMIT, pattern, LIMIT])
        return cursor.fetchall()
