"""The terminal client as a program of its own, on a real server with a small market."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from config.server import open_listener, server_on
from deploy.local.ports import free_port
from pricefeed.delivery.publish import publish
from pricefeed.models import Feed
from pricefeed.recording.services import record
from pricefeed.ticks import Tick
from tests.conftest import MakeSecurity, use_own_redis_names
from watchlists import cache
from watchlists.services import watchlist_add_security

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 30.0
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

Line = dict[str, Any]
Move = Callable[..., None]


@pytest.fixture(autouse=True)
def own_redis_names(monkeypatch: pytest.MonkeyPatch) -> None:
    name = use_own_redis_names(monkeypatch)
    monkeypatch.setattr(cache, "_key", lambda user_id: f"{name}:list:{user_id}")


@pytest.fixture
def move(transactional_db: None, security: MakeSecurity) -> Iterator[Move]:
    """`move(A="11")`: one run of the feed. There are A, B and C with prices, and D without."""
    seconds = iter(range(1_000_000))
    Feed.objects.get_or_create()
    for ticker in "ABCD":
        security(ticker, name=f"{ticker} Inc.")

    def one(**prices: str) -> None:
        at = NOON + timedelta(seconds=next(seconds))
        publish(
            record([Tick(ticker, Decimal(price), at, None) for ticker, price in prices.items()])
        )

    one(A="10", B="20", C="30")
    yield one
    with connection.cursor() as cursor:
        # Not Django's, so they would not be emptied.
        cursor.execute("TRUNCATE pricefeed_tick, pricefeed_candle_1m, pricefeed_candle_5m")


@pytest.fixture
def watching(move: Move, alice: User) -> User:
    """Alice, who watches A and B."""
    for ticker in "AB":
        watchlist_add_security(user_id=alice.pk, ticker=ticker)
    return alice


class Restartable:
    """The whole application in a thread, always at the same address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        listener = open_listener("127.0.0.1", self.port)
        running = server_on(listener)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: running.started)

        def stop() -> None:
            running.stop()
            thread.join(timeout=20)
            listener.close()
            assert not thread.is_alive()

        self._stop = stop

    def stop(self) -> None:
        self._stop()
        self._stop = lambda: None


@pytest.fixture
def restartable(transactional_db: None) -> Iterator[Restartable]:
    made = Restartable()
    made.start()
    yield made
    made.stop()


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Running:
    """A client in a process of its own, whose lines are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(ValueError):  # closed by the test
            for line in self.process.stdout:
                self._lines.put(line)

    def line(self) -> Line:
        found: Line = json.loads(self._lines.get(timeout=WAIT_SECONDS))
        return found

    def next(self, kind: str, **fields: Any) -> Line:
        """The next line of this kind with these fields; skips others."""
        while True:
            line = self.line()
            if line["type"] == kind and line.items() >= fields.items():
                return line

    def ended(self) -> tuple[int, str]:
        """Its exit code and what it said."""
        code = self.process.wait(timeout=WAIT_SECONDS)
        assert self.process.stderr
        return code, self.process.stderr.read()


StartClient = Callable[..., Running]


def program(*words: str) -> list[str]:
    return [sys.executable, "-m", "frontend.console", *words]


def environment(home: Path) -> dict[str, str]:
    """None of the server's settings: a client has none."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[StartClient]:
    """`client("--tickers", "A", url=…)`: starts it, without a terminal."""
    started: list[Running] = []

    def start(*words: str, url: str) -> Running:
        process = subprocess.Popen(
            program("--url", url, *words),
            cwd=ROOT,
            env=environment(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(Running(process))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        for pipe in (running.process.stdout, running.process.stderr):
            if pipe and not pipe.closed:
                pipe.close()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / ".local" / "state" / "tickwatch" / "tokens.json"
