"""The whole of Tickwatch on servers of its own, each part of which a test may break."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from tests.faults.crowd import Crowd
from tests.faults.member import Held, Member
from tests.faults.servers import Postgres, Valkey
from tests.integration.processes import ROOT, Processes, Running, wait_until
from tests.integration.web import Web

PERIOD_SECONDS = 1.0
STALE_SECONDS = 3.0
MACHINE_SECONDS = 2.0
"""What a recovery may take beyond two periods, and no more: time for this machine, whose few cores
carry all programs and all clients at once, and for an attempt to connect that was under way."""
RECOVERY_SECONDS = 2 * PERIOD_SECONDS + MACHINE_SECONDS
TOLD_SECONDS = STALE_SECONDS + 1 + MACHINE_SECONDS
"""Silence is noticed by a look once a second."""
USERS, TICKERS = 24, 200
_SECRET_KEY = "only-for-the-tests-of-faults-0123456789abcdef"


class House:
    """Postgres, Valkey, two web processes, a worker and Beat."""

    def __init__(self, folder: Path) -> None:
        (folder / "postgres").mkdir()
        (folder / "valkey").mkdir()
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self.processes = Processes(env=self._environment(), folder=folder)
        self.people: list[dict[str, Any]] = []
        self.running: dict[str, Running] = {}
        self._borrowed: list[Running] = []
        self._web: Web | None = None

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "SECRET_KEY": _SECRET_KEY,
            "DEBUG": "0",
            "HOST": "127.0.0.1",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "info",
            "PRICE_SOURCE": "simulated",
            "PRICE_UPDATE_SECONDS": f"{PERIOD_SECONDS:g}",
            "PRICE_STALE_SECONDS": f"{STALE_SECONDS:g}",
            "SIMULATED_STEP_PERCENT": "5",
            "ACCESS_TOKEN_MINUTES": "60",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    # -- Life --------------------------------------------------------------------------------

    def open(self) -> None:
        """Start the servers, and fill the database."""
        self.postgres.start()
        self.valkey.start()
        self.manage("migrate", "--verbosity", "0")
        said = self._run("tests.faults.people", str(USERS), str(TICKERS))
        self.people = [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def make_healthy(self) -> None:
        """Start whatever does not run or belonged to a test alone; wait for a price."""
        while self._borrowed:
            self._borrowed.pop().clear_up()
        for name in ("worker", "beat"):
            if name not in self.running or self.running[name].popen.poll() is not None:
                self.start(name)
        self.await_commit(seconds=30)

    def start(self, name: str, *options: str, **env: str) -> None:
        """The worker, or Beat."""
        starts = {"worker": self.processes.worker, "beat": self.processes.beat}
        self.running[name] = starts[name](*options, **env)

    def borrow(self, *names: str, **env: str) -> None:
        """Run these with other settings until the next test; returns when they work."""
        for name in names:
            self.running[name].stop()
            self.start(name, **env)
            self.lend(self.running[name])
        self.await_ready(*names)

    def lend(self, running: Running) -> Running:
        """A program for one test: it ends with it."""
        self._borrowed.append(running)
        return running

    def borrow_web(self, **env: str) -> Web:
        """A web server of one process, for one test."""
        made = self._start_web(**env)
        self.lend(made.running)
        return made

    def kill(self, name: str) -> None:
        """End it and what it started, without a word."""
        doomed = [*self.running[name].below(), psutil.Process(self.running[name].popen.pid)]
        for process in reversed(doomed):
            process.kill()
        self.running[name].kill()

    def await_ready(self, *names: str) -> None:
        """Until these do their work: the worker says so, Beat has its schedule."""
        for name in names:
            running = self.running[name]
            if name == "worker":
                running.await_said(" ready.")
            else:
                wait_until(lambda n=running.name: self._has_schedule(n), seconds=20, what=name)

    def _has_schedule(self, beat: str) -> bool:
        return any(self.processes.folder.glob(f"{beat}*"))

    def close(self) -> None:
        self.processes.clear_up()
        self.valkey.kill()
        self.postgres.kill()

    @property
    def web(self) -> Web:
        """The web server that most tests share, of two processes."""
        if self._web is None or self._web.running.popen.poll() is not None:
            self._web = self._start_web(WEB_PROCESSES="2")
        return self._web

    def _start_web(self, **env: str) -> Web:
        """A web server whose queries can be told from others'."""
        url = f"{self.postgres.url}?application_name=web"
        return Web(self.processes, **{"DATABASE_URL": url, **env})

    @staticmethod
    def get(web: Web, path: str) -> Any:
        """An answer of the REST API."""
        return httpx.get(f"{web.url}/api/v1/{path}").raise_for_status().json()

    def manage(self, *words: str) -> str:
        """A command of manage.py; what it prints."""
        return self._run("manage", *words)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=self.processes.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # -- Clients -----------------------------------------------------------------------------

    def members(self, *, users: int = USERS, prices: int = 6) -> list[Member]:
        """Users with their watchlists, and some who watch everything or a choice."""
        guests = ["prices", "prices?tickers=T1,T2,T3", "prices/T4"]
        return [
            *(Member(each["name"], "watchlist", each["access"]) for each in self.people[:users]),
            *(Member(f"guest{n}", guests[n % len(guests)]) for n in range(prices)),
        ]

    # -- What is committed -------------------------------------------------------------------

    def committed(self) -> dict[str, Held]:
        """The newest prices, as Postgres has them."""
        with psycopg.connect(self.postgres.url, connect_timeout=20) as connection:
            rows = connection.execute(
                "SELECT ticker, sequence, price FROM securities_quote"
                " JOIN securities_security ON securities_security.id = security_id"
            )
            return {ticker: Held(sequence, price) for ticker, sequence, price in rows}

    def sequence(self) -> int:
        """The last number that was given out."""
        with psycopg.connect(self.postgres.url, connect_timeout=20) as connection:
            row = connection.execute("SELECT sequence FROM pricefeed_feed").fetchone()
            return int(row[0]) if row else 0

    def sequences_of(self, ticker: str, *, after: int) -> list[int]:
        """Every number that the history has of a ticker."""
        with psycopg.connect(self.postgres.url) as connection:
            rows = connection.execute(
                "SELECT t.sequence FROM pricefeed_tick t JOIN securities_security s"
                " ON s.id = t.security_id WHERE s.ticker = %s AND t.sequence > %s"
                " ORDER BY t.sequence",
                (ticker, after),
            )
            return [sequence for (sequence,) in rows]

    def await_commit(self, *, seconds: float) -> None:
        """Until something is committed that is not yet now."""
        before = self.sequence()
        wait_until(lambda: self.sequence() > before, seconds=seconds, what=self._no_commit())

    def recovery(self, crowd: Crowd, *, ended: float) -> float:
        """How long after a fault's end (monotonic) everybody held prices committed since then."""
        patience = RECOVERY_SECONDS + 20  # a miss is to be measured, too
        self.await_commit(seconds=patience)
        crowd.await_holding(self.committed(), seconds=patience)
        return time.monotonic() - ended

    def _no_commit(self) -> str:
        told = (each.told() for each in self.running.values())
        return "\n".join(["a new price in Postgres", *told])
