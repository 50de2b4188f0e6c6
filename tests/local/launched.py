"""A launcher under test: started, watched from outside, and never left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import psutil

from deploy.local.ports import free_port
from tests.integration.processes import START_SECONDS, is_alive

RUN = ("-m", "deploy.local", "run")


def environment(**changes: str) -> dict[str, str]:
    """Ours, without servers or secrets named in it; packages come from the present Python."""
    unwanted = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "HOST", "PORT", "MAKEFLAGS", "MAKELEVEL"}
    env = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {**env, "TICKWATCH_VENV": sys.prefix, **changes}


def await_true(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until the condition holds; how long that took."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        assert waited < seconds, f"after {seconds:.0f} s, still not: {what}"
        time.sleep(0.05)
    return time.monotonic() - started


class Launched:
    """`make run`, or `python -m deploy.local …`, in some project."""

    def __init__(
        self, project: Path, argv: Sequence[str] = (sys.executable, *RUN), **env: str
    ) -> None:
        self.project = project
        self.port = env.get("PORT") or str(free_port())
        self._output = project / f"output-{uuid4().hex}.txt"
        self._known: dict[int, psutil.Process] = {}
        with self._output.open("wb") as output:
            self.popen = subprocess.Popen(
                argv,
                cwd=project,
                env=environment(**{**env, "PORT": self.port}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def await_said(self, pattern: str, *, seconds: float = START_SECONDS) -> re.Match[str]:
        """Wait for a line of the log."""

        def is_settled() -> bool:
            return bool(re.search(pattern, self.output)) or self.popen.poll() is not None

        await_true(is_settled, seconds, f"{pattern!r} in\n{self.output}")
        found = re.search(pattern, self.output)
        assert found, f"it ended with {self.popen.poll()} without {pattern!r}:\n{self.output}"
        return found

    def await_ready(self) -> Launched:
        self.await_said(r"open: +http")
        self.family()
        return self

    def family(self) -> list[psutil.Process]:
        """Everybody below the launcher, known now or earlier, who is still alive."""
        try:
            below = psutil.Process(self.popen.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            below = []
        self._known.update({process.pid: process for process in below})
        return [process for process in self._known.values() if is_alive(process)]

    def member(self, *words: str) -> psutil.Process:
        """The one of the family whose command line has all these words."""
        found = [process for process in self.family() if _has(process, words)]
        assert found, f"nobody runs {words}"
        return min(found, key=lambda process: process.create_time())

    def await_empty(self, seconds: float) -> float:
        """Wait until nobody of the family is alive."""
        return await_true(lambda: not self.family(), seconds, f"all gone of {self.family()}")

    def end(self) -> None:
        """Clear up after the test, whatever it did."""
        self.family()
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            self.popen.wait(15)
        for process in self.family():
            process.kill()


def server_url(launched: Launched, name: str = "DATABASE_URL") -> str:
    """Where one of its servers listens."""
    state = json.loads((launched.project / "var" / "servers.json").read_text())
    return str(state[name])


def name_of(process: psutil.Process) -> str:
    """Its program's name, or nothing if it is gone by now."""
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def _has(process: psutil.Process, words: Sequence[str]) -> bool:
    try:
        line = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    return all(any(word in part for part in line) for word in words)
