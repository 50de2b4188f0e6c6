"""A web server process that answers."""

import contextlib

import httpx
import psutil

from deploy.local.ports import free_port
from tests.integration.processes import START_SECONDS, Processes, Running, wait_until


class Web:
    """A web server that answers."""

    def __init__(self, processes: Processes, **env: str) -> None:
        self.port = free_port()
        self.running: Running = processes.start("web", "config.server", PORT=str(self.port), **env)
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until(self.answers, seconds=START_SECONDS, what="an answer of the web server")

    def answers(self) -> bool:
        assert self.running.popen.poll() is None, self.running.told()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/health", timeout=2).is_success
        return False

    def serving(self) -> set[psutil.Process]:
        """The serving processes that have a socket of somebody's."""
        return {process for process in self._processes() if self.sockets_of(process)}

    def sockets(self) -> int:
        """How many sockets of clients are open."""
        return sum(map(self.sockets_of, self._processes()))

    def sockets_of(self, process: psutil.Process) -> int:
        """How many of them one of the serving processes has."""
        return sum(
            each.status == psutil.CONN_ESTABLISHED and each.laddr.port == self.port
            for each in process.net_connections("tcp")
        )

    def _processes(self) -> list[psutil.Process]:
        return self.running.below() or [psutil.Process(self.running.popen.pid)]
