"""Tickwatch on stage, in small: one server for all of these."""

import argparse
import os
import signal
from collections.abc import Iterator

import psycopg
import pytest

from bench import herd, stalled
from bench.contenders import CONTENDERS
from bench.crowd.messages import Gather
from bench.crowd.stallers import stallers
from bench.fanout.measure import ticks_on
from bench.latency import delays_ms
from bench.market.plan import Plan
from bench.process import BenchmarkFailed, Worker
from bench.stage import Stage, stage
from bench.usage import connections, cpu_seconds

USERS, STALLING = 10, 5
PLAN = Plan(users=USERS, tickers=8, per_user=4, ticks=2, rounds=2)


@pytest.fixture(scope="module")
def on(redis_of_this_module: None) -> Iterator[Stage]:
    everybody = Plan(users=USERS + STALLING, tickers=8, per_user=4)
    with stage(CONTENDERS["tickwatch"], everybody) as stands:
        guests = stands.opening.guests[:USERS]
        stands.clients.ask(Gather(stands.address.port, guests, keeps_arrivals=True))
        stands.clients.ask(stands.opening.newest)
        yield stands


@pytest.mark.parametrize("apart", [True, False])
def test_a_user_gets_one_frame_a_tick(on: Stage, apart: bool) -> None:
    cost = ticks_on(on, PLAN, apart=apart)

    assert cost.frames == 1.0
    assert len(cost.rounds) == PLAN.rounds
    assert cost.microseconds > 0
    assert 300 < cost.frame_bytes < 1000


def test_clients_apart_take_no_cpu_while_the_server_sends(on: Stage) -> None:
    with on.clients.stopped():
        began = cpu_seconds(on.clients.pid)
        newest = on.feed.ask("tick")
        on.calm()
        took = cpu_seconds(on.clients.pid) - began

    assert took < 0.001  # it may not have stopped at once
    assert on.clients.ask(newest).frames == USERS


def test_every_client_has_a_delay_and_none_has_it_before_the_commit(on: Stage) -> None:
    delays = delays_ms(on, USERS)

    assert len(delays) == USERS
    assert 0 < min(delays) < max(delays) < 5000


def test_a_herd_is_back_with_prices_and_reads_none_of_them_in_postgres(on: Stage) -> None:
    back = herd.cut_on(on, jitter_seconds=0.1, settle_seconds=0.0)

    assert back.back.attempts >= USERS
    assert 0 < back.back.seconds < 10
    assert back.cpu_seconds > 0
    assert back.scans[herd.PRICES] == 0
    assert on.clients.ask(on.feed.ask("tick")).frames == USERS


def test_a_scan_of_prices_in_postgres_is_counted(on: Stage) -> None:
    before = herd.scans(0.0)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("SELECT count(*) FROM securities_quote")

    assert herd.scans(0.0)[herd.PRICES] == before[herd.PRICES] + 1


def test_the_stalled_are_counted_and_watched_beside_the_others(on: Stage) -> None:
    options = argparse.Namespace(healthy=USERS, stalled=STALLING, ticks=3, seconds=0.5)
    with Worker(stallers) as silent:
        watched = stalled.watch(on, silent, options)
        assert connections(on.address.port) == USERS + STALLING

    assert len(watched.before_ms) == 3 * USERS
    assert len(watched.during_ms) == (len(watched.samples) - 1) * USERS
    assert watched.samples[-1].cut == 0  # in half a second nobody is given up


# The last one: it takes the server away.
def test_a_server_that_ends_is_noticed(on: Stage) -> None:
    os.kill(on.server.pid, signal.SIGKILL)

    with pytest.raises(BenchmarkFailed, match="has ended"):
        on.clients.ask(on.feed.ask("tick"))
