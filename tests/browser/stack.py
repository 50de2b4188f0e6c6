"""The real thing, started for the browser: web server, Celery worker and Beat."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from deploy.local.ports import free_port
from tests.faults.servers import Valkey
from tests.integration.processes import ROOT, START_SECONDS, STOP_SECONDS, wait_until

DATABASE = "tickwatch_browser"

DONE_SECONDS = 120.0

QUIET_SECONDS = 1.5
"""More than the window in which a price is compared with those before it."""


class Stack:
    """Servers on a database and a Redis of their own; each process is ended by its own id."""

    def __init__(self, logs: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._logs = logs
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._redis = Valkey(logs)
        self._environment = {
            **os.environ,
            "DATABASE_URL": _fresh_database(os.environ["DATABASE_URL"]),
            "REDIS_URL": self._redis.url,
            "SECRET_KEY": "only-for-the-browser-tests-0123456789abcdef",
            "DEBUG": "0",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "LOG_FORMAT": "console",
            "PRICE_SOURCE": "simulated",
            "PRICE_UPDATE_SECONDS": "1",
            "PRICE_STALE_SECONDS": "3",
            "SIMULATED_TICKERS": "20",
            "LOGIN_ATTEMPTS_PER_MINUTE": "10000",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def start(self) -> None:
        """Prepare the database, start everything, and wait for the first prices."""
        self.start_redis()
        self._spawn("backstage", "-m", "tests.browser.backstage", talks=True)
        self.do("prepare")
        self.start_web()
        self._spawn("worker", "-m", "celery", "-A", "config", "worker", "-c", "1", "-l", "warning")
        schedule = str(self._logs / "schedule")
        self._spawn("beat", "-m", "celery", "-A", "config", "beat", "-s", schedule, "-l", "warning")
        try:
            wait_until(self._has_prices, seconds=START_SECONDS, what="the first price")
        except AssertionError as error:
            error.add_note(self._last_words("worker") + self._last_words("beat"))
            raise

    def start_web(self) -> None:
        """Start the web server and wait until it answers."""
        self._spawn("web", "-m", "config.server")
        wait_until(self._answers, seconds=START_SECONDS, what="the web server's start")

    def stop_web(self) -> None:
        """Stop the web server as an operator would."""
        self._stop("web")

    def kill_redis(self) -> None:
        """End Redis without a word, and with all that it holds."""
        self._redis.kill()

    def start_redis(self) -> None:
        """Start Redis again, empty."""
        self._redis.start()

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """Stop the clock of the feed: the web server lives, but gets no prices meanwhile.

        Begins when those on their way have come, and no jump is seen any more from the last.
        """
        beat = self._processes["beat"]
        beat.send_signal(signal.SIGSTOP)
        try:
            quote, since = self._quote(), time.monotonic()
            while time.monotonic() < since + QUIET_SECONDS:
                time.sleep(0.1)
                if (now := self._quote()) != quote:
                    quote, since = now, time.monotonic()
            yield
        finally:
            beat.send_signal(signal.SIGCONT)

    def do(self, name: str, *arguments: object, **options: object) -> None:
        """Do one of the things that `backstage` can; returns when it is done."""
        backstage = self._processes["backstage"]
        assert backstage.stdin is not None
        assert backstage.stdout is not None
        backstage.stdin.write(json.dumps([name, arguments, options]).encode() + b"\n")
        backstage.stdin.flush()
        has_answered, _, _ = select.select([backstage.stdout], [], [], DONE_SECONDS)
        answer = backstage.stdout.readline() if has_answered else b""
        problem = json.loads(answer) if answer else self._last_words("backstage")
        assert problem == "", problem

    def stop(self) -> None:
        """Stop everything that still runs, all at once."""
        self._stop(*self._processes)
        self._redis.kill()

    def _spawn(self, name: str, *arguments: str, talks: bool = False) -> None:
        with (self._logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE if talks else None,
                stdout=subprocess.PIPE if talks else log,
                stderr=log,
                start_new_session=True,
            )

    def _stop(self, *names: str) -> None:
        leaving = [self._processes.pop(name) for name in names]
        for process in leaving:
            process.terminate()
            process.send_signal(signal.SIGCONT)
        for process in leaving:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else's process
                process.wait()

    def _answers(self) -> bool:
        web = self._processes["web"]
        assert web.poll() is None, self._last_words("web")
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/health", timeout=10).is_success
        return False

    def _last_words(self, name: str) -> str:
        return f"\n{name}: {(self._logs / f'{name}.log').read_text()[-3000:]}"

    def _has_prices(self) -> bool:
        return self._quote().get("last_price") is not None

    def _quote(self) -> dict[str, Any]:
        """Of a security that every run moves; whatever is answered."""
        answer = httpx.get(f"{self.url}/api/v1/securities/AAPL", timeout=30)
        found: dict[str, Any] = answer.json()
        return found


def _fresh_database(url: str) -> str:
    """The address of an empty database beside the one in the URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
