"""`exec -- CMD`: one command with everything it needs around it, and gone with it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.environment import (
    child_environment,
    no_servers_environment,
    throwaway_environment,
)
from deploy.local.guard import Guard
from deploy.local.lock import Lock, alone
from deploy.local.log import Log
from deploy.local.paths import Paths
from deploy.local.process import Command, Processes, shares_our_group
from deploy.local.screen import ensure_packages, ensure_screen
from deploy.local.servers import read_servers, start_servers
from deploy.local.stop_signals import leave_ctrl_c_to_others, on_stop_signal
from deploy.local.venv import ensure_venv

_GRACE_SECONDS = 6.0
_STOPPED = 130


@dataclass(frozen=True)
class Execute:
    """One command; `argv` may be empty, for those who only want things installed."""

    paths: Paths
    argv: Sequence[str]
    servers: str
    """`own`: those of `make run`, with its data; `throwaway`: fresh, fast, forgotten; `none`."""
    dev: bool = False
    node: bool = False
    screen: bool = False

    async def __call__(self) -> int:
        """The command's exit code; raises Trouble if it cannot be started."""
        self.paths.make_var()
        log = Log(sys.stderr, file=self.paths.log_file, silent=("postgres", "valkey"))
        lock = self._lock() if self.servers == "own" else None
        work = asyncio.create_task(self._guarded(log, lock))
        on_stop_signal(work.cancel)
        try:
            return await work
        except asyncio.CancelledError:
            return _STOPPED
        finally:
            if lock:
                lock.release()

    def _lock(self) -> Lock | None:
        """The lock of the servers, or None if somebody else runs them already."""
        lock = Lock(self.paths.run_lock)
        if read_servers(self.paths.state_file) and lock.is_held_by_the_living():
            return None
        return lock.take()

    async def _guarded(self, log: Log, lock: Lock | None) -> int:
        guard = Guard(keep_open=(lock.descriptor,) if lock else ())
        try:
            return await self._work(log, guard, owns_servers=lock is not None)
        finally:
            if lock:
                self.paths.state_file.unlink(missing_ok=True)
            guard.close()

    async def _work(self, log: Log, guard: Guard, *, owns_servers: bool) -> int:
        async with Processes(log, guard) as processes:
            await self._set_up(processes, owns_servers=owns_servers)
            if not self.argv:
                return 0
            env = await self._environment(processes, owns_servers=owns_servers)
            command = Command(
                name=Path(self.argv[0]).name,
                argv=self.argv,
                cwd=self.paths.root,
                env=env,
                grace_seconds=_GRACE_SECONDS,
                is_attached=True,
            )
            if shares_our_group(command):
                leave_ctrl_c_to_others()
            _, code = await processes.run(command)
            return _as_a_shell_says(code)

    async def _set_up(self, processes: Processes, *, owns_servers: bool) -> None:
        async with alone(self.paths.setup_lock, processes.log):
            in_use = not owns_servers and Lock(self.paths.run_lock).is_held_by_the_living()
            await ensure_venv(self.paths, processes, dev=self.dev, in_use=in_use)
            if self.screen:
                await ensure_screen(self.paths, processes)
            elif self.node:
                await ensure_packages(self.paths, processes)

    async def _environment(self, processes: Processes, *, owns_servers: bool) -> dict[str, str]:
        if self.servers == "none":
            return no_servers_environment(self.paths)
        if self.servers == "throwaway":
            folder = Path(tempfile.mkdtemp(prefix="throwaway-", dir=self.paths.var))
            processes.guard.remove_afterwards(str(folder))
            servers = await start_servers(self.paths, processes, folder=folder, durable=False)
            return throwaway_environment(self.paths, servers)
        known = None if owns_servers else read_servers(self.paths.state_file)
        if not known:
            known = await start_servers(self.paths, processes, folder=self.paths.var, durable=True)
            known.publish(self.paths.state_file)
        return child_environment(self.paths, known)


def _as_a_shell_says(code: int) -> int:
    """As a shell would say it: 128 and the signal's number."""
    return code if code >= 0 else 128 - code
