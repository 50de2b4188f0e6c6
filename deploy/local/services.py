"""The three programs of Tickwatch itself: web server, Celery worker and Beat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from deploy.local.paths import Paths
from deploy.local.process import Command, Process, Processes
from deploy.local.trouble import Trouble

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_ADVICE = (
    "running the worker with superuser",
    "absolutely not recommended!",
    "specify a different user using the --uid",
    "User information: uid=",
    "_warn_or_raise_security_error(",
)
_REST_OF_ADVICE = ("", "[py.warnings]")


class Service(Protocol):
    """Something that is to run all the time."""

    @property
    def name(self) -> str: ...

    async def start(self, processes: Processes) -> Process:
        """Start it; returns when it serves, raises Trouble when it cannot."""
        ...


@dataclass
class Web:
    """HTTP and sockets."""

    command: Command
    host: str
    port: int
    name: str = "web"

    async def start(self, processes: Processes) -> Process:
        process = processes.start(self.command)
        deadline = time.monotonic() + _READY_SECONDS
        while not process.has_exited:
            if await self._is_healthy():
                return process
            if time.monotonic() > deadline:
                await process.stop()
                raise Trouble(f"does not answer after {_READY_SECONDS:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)
        raise Trouble(f"stopped: {process.last_words}")

    async def _is_healthy(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        try:
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 200 " in await asyncio.wait_for(reader.readline(), _READY_SECONDS)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()


@dataclass
class Background:
    """A program without a door: it runs, or it does not."""

    command: Command

    @property
    def name(self) -> str:
        return self.command.name

    async def start(self, processes: Processes) -> Process:
        return processes.start(self.command)


def is_worth_showing(line: str) -> bool:
    """Celery's advice about root is for hosts on the internet; here it listens to us alone."""
    words = line.strip()
    return words not in _REST_OF_ADVICE and not any(part in line for part in _ADVICE)


def services(
    paths: Paths, env: Mapping[str, str], *, host: str, port: int
) -> tuple[Web, Background, Background]:
    """What `make run` keeps alive, besides the servers."""

    def python(name: str, *words: str) -> Command:
        argv = (str(paths.python), "-m", *words)
        return Command(name, argv, cwd=paths.root, env=env, shows=is_worth_showing)

    celery = ("celery", "--quiet", "-A", "config")
    # Threads: the jobs wait for Postgres and Redis most of the time, one process is enough for
    # a laptop, and two let prices go on while the hourly catalogue is read.
    worker = ("worker", "--pool", "threads", "--concurrency", "2", "--without-mingle")
    beat = ("beat", "--pidfile", "", "--schedule", str(paths.var / "celerybeat-schedule"))
    return (
        Web(python("web", "config.server"), host=host, port=port),
        Background(python("worker", *celery, *worker, "--without-gossip", "--loglevel", "INFO")),
        Background(python("beat", *celery, *beat, "--loglevel", "INFO")),
    )
