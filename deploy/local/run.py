"""`make run`: from a bare clone to live prices, and all of it gone again on Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.accounts import DEMO, STAFF, accounts
from deploy.local.environment import child_environment
from deploy.local.guard import Guard
from deploy.local.lock import Lock, alone
from deploy.local.log import Log
from deploy.local.parent import follow_parent
from deploy.local.paths import Paths
from deploy.local.ports import require_free
from deploy.local.process import Command, Processes
from deploy.local.screen import ensure_screen
from deploy.local.servers import Servers, start_servers
from deploy.local.services import services
from deploy.local.stop_signals import on_stop_signal
from deploy.local.supervisor import keep_alive, plainly
from deploy.local.trouble import Trouble
from deploy.local.venv import ensure_venv


@dataclass(frozen=True)
class Run:
    """One `make run`."""

    paths: Paths
    host: str
    port: int
    with_parent: bool
    """Whether to stop when the parent (make) is gone, even if it was killed."""

    async def __call__(self) -> None:
        """Runs until a signal asks it to stop; raises Trouble if it cannot run."""
        self.paths.make_var()
        lock = Lock(self.paths.run_lock).take()
        try:
            require_free(self.host, self.port)  # not before: another run in this folder has both
            await self._until_stopped(Log(file=self.paths.log_file), lock)
        finally:
            lock.release()

    async def _until_stopped(self, log: Log, lock: Lock) -> None:
        work = asyncio.create_task(self._guarded(log, lock))

        def stop() -> None:
            if not work.cancelling():  # Ctrl-C reaches us and make alike, and make shows it, too
                log.say("stopping")
                work.cancel()

        on_stop_signal(stop)
        parent = asyncio.create_task(follow_parent(stop)) if self.with_parent else None
        try:
            await work
        except asyncio.CancelledError:
            log.say("stopped")
        finally:
            if parent:
                parent.cancel()

    async def _guarded(self, log: Log, lock: Lock) -> None:
        guard = Guard(keep_open=(lock.descriptor,))
        try:
            await self._work(log, guard)
        finally:
            self.paths.state_file.unlink(missing_ok=True)
            guard.close()

    async def _work(self, log: Log, guard: Guard) -> None:
        started = time.monotonic()
        async with Processes(log, guard) as processes:
            async with alone(self.paths.setup_lock, log):
                await ensure_venv(self.paths, processes, dev=False)
                async with asyncio.TaskGroup() as preparing:
                    preparing.create_task(ensure_screen(self.paths, processes))
                    starting = preparing.create_task(self._prepare(processes))
            servers = starting.result()
            async with asyncio.TaskGroup() as keeping:
                for server, process in servers.embedded:
                    keeping.create_task(keep_alive(server, processes, running=process))
                await self._keep_services(keeping, processes, servers)
                self._tell(log, time.monotonic() - started)

    async def _prepare(self, processes: Processes) -> Servers:
        """Servers up, tables as they should be, securities and accounts there."""
        servers = await start_servers(self.paths, processes, folder=self.paths.var, durable=True)
        env = child_environment(self.paths, servers)
        argv = (str(self.paths.python), "-m", "deploy.prepare")
        command = Command("prepare", argv, cwd=self.paths.root, env=env)
        prepared, code = await processes.run(command)
        if code != 0:
            raise Trouble(plainly(prepared.last_words))
        servers.publish(self.paths.state_file)
        return servers

    async def _keep_services(
        self, keeping: asyncio.TaskGroup, processes: Processes, servers: Servers
    ) -> None:
        env: Mapping[str, str] = {
            **child_environment(self.paths, servers),
            # Stopping takes ten seconds at most, all in all; nobody here balances any load.
            "WEB_DRAIN_SECONDS": os.environ.get("WEB_DRAIN_SECONDS") or "0",
            "WEB_GRACE_SECONDS": os.environ.get("WEB_GRACE_SECONDS") or "3",
            "HOST": self.host,
            "PORT": str(self.port),
        }
        if hosts := os.environ.get("ALLOWED_HOSTS", "").strip():
            env = {**env, "ALLOWED_HOSTS": f"{hosts},localhost"}  # as whom we ask whether it is up
        # One after the other: the web server is what people wait for, and cores are few.
        for service in services(self.paths, env, host=self.host, port=self.port):
            is_up = asyncio.Event()
            keeping.create_task(keep_alive(service, processes, on_start=is_up.set))
            await is_up.wait()

    def _tell(self, log: Log, seconds: float) -> None:
        address = f"http://{'localhost' if self.host == '127.0.0.1' else self.host}:{self.port}"
        passwords = accounts(self.paths)
        log.say(f"ready after {seconds:.1f} s; Ctrl-C stops everything")
        log.show(f"admin:  {address}/admin/  user {STAFF}, password {passwords.staff_password}")
        log.show(f"open:   {address}/  user {DEMO}, password {passwords.demo_password}")
