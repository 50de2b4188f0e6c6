"""Start, follow and stop processes, so that none is ever left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self

from deploy.local.guard import Guard
from deploy.local.log import Log
from deploy.local.output import Output


@dataclass(frozen=True)
class Command:
    """What to start, and how to stop it."""

    name: str
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes | None = None
    """Text for its standard input: the place for what `ps` must not show."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 5.0
    dies_with_us: bool = True
    """Whether to wrap it so that Linux ends it with us, too. Off if `argv` does that itself."""
    shows: Callable[[str], bool] = bool
    """Which of its lines are worth the screen: empty ones never. The file gets them all."""
    stops_last: bool = False
    """Whether others need it until they have stopped."""
    is_attached: bool = False
    """Whether it talks to our terminal itself, instead of through the log."""


class Process:
    """A running command."""

    def __init__(self, command: Command, popen: subprocess.Popen[bytes], log: Log) -> None:
        self.command = command
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._popen = popen
        self._log = log
        self._output = Output(popen.stdout, self._take) if popen.stdout else None
        self._started_at = time.monotonic()
        self.tail: deque[str] = deque(maxlen=40)
        """The last lines it said."""

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def lived_seconds(self) -> float:
        return time.monotonic() - self._started_at

    @property
    def last_words(self) -> str:
        """The last thing it said: as a rule, why it stopped."""
        return next((line for line in reversed(self.tail) if line.strip()), "it said nothing")

    @property
    def has_exited(self) -> bool:
        return self._exited.done()

    async def exit_code(self) -> int:
        """Wait for its end; the code is negative if a signal ended it."""
        # Shielded: who gives up waiting must not take the end away from the others.
        return await asyncio.shield(self._exited)

    def check(self) -> None:
        """Notice its end, take its last lines and end what is left of its group."""
        code = self._popen.poll()
        if code is None or self.has_exited:
            return
        if self._output:
            self._output.finish()
        self._kill()
        self._exited.set_result(code)

    async def stop(self) -> None:
        """Ask it to stop; kill its group when the grace is over."""
        if not self.has_exited:
            _send(os.kill, self.pid, self.command.stop_signal)
            await asyncio.wait([self._exited], timeout=self.command.grace_seconds)
        if not self.has_exited:
            self._log.say(f"{self.command.name} does not stop by itself: killed")
            self._kill()
            await self.exit_code()

    def _kill(self) -> None:
        _send(os.kill if shares_our_group(self.command) else os.killpg, self.pid, signal.SIGKILL)

    def _take(self, line: str) -> None:
        self.tail.append(line)
        write = self._log.line if self.command.shows(line) else self._log.note
        write(self.command.name, line)


class Processes:
    """All that we started. Use it as an async context: leaving it stops the rest."""

    def __init__(self, log: Log, guard: Guard) -> None:
        self.log = log
        self.guard = guard
        self._running: dict[int, Process] = {}

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._check_all)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop_all(last=False)
        await self._stop_all(last=True)

    def start(self, command: Command) -> Process:
        """Start it, as a rule in a session of its own, so that Ctrl-C reaches us alone."""
        own_group = not shares_our_group(command)
        stdin = subprocess.DEVNULL if command.stdin is None else subprocess.PIPE
        popen = subprocess.Popen(
            [*(dying_with_parent(signal.SIGTERM) if command.dies_with_us else ()), *command.argv],
            cwd=command.cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **command.env},
            start_new_session=own_group,
            stdin=None if command.is_attached else stdin,
            stdout=None if command.is_attached else subprocess.PIPE,
            stderr=None if command.is_attached else subprocess.STDOUT,
        )
        self.guard.add(popen.pid, stop_signal=command.stop_signal, is_group=own_group)
        process = Process(command, popen, self.log)
        self._running[process.pid] = process
        if command.stdin is not None and popen.stdin:
            popen.stdin.write(command.stdin)
            popen.stdin.close()
        return process

    async def run(self, command: Command) -> tuple[Process, int]:
        """Start it and wait for its end: the process, for what it said, and its exit code."""
        process = self.start(command)
        return process, await process.exit_code()

    async def _stop_all(self, *, last: bool) -> None:
        wave = [process for process in self._running.values() if process.command.stops_last is last]
        await asyncio.gather(*(process.stop() for process in wave))

    def _check_all(self) -> None:
        for process in list(self._running.values()):
            process.check()
            if process.has_exited:
                del self._running[process.pid]
                self.guard.drop(process.pid)


def shares_our_group(command: Command) -> bool:
    """Whether it must stay in our process group: only there may it read the terminal."""
    return command.is_attached and sys.stdin.isatty()


@cache
def dying_with_parent(number: signal.Signals) -> tuple[str, ...]:
    """A prefix that lets Linux send `number` when the parent dies; nothing elsewhere."""
    setpriv = shutil.which("setpriv")
    if not setpriv:
        return ()
    prefix = (setpriv, "--pdeathsig", number.name.removeprefix("SIG"), "--")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()


def _send(how: Callable[[int, int], None], pid: int, number: signal.Signals) -> None:
    # Gone already, as a rule; macOS says "not permitted" for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        how(pid, number)
