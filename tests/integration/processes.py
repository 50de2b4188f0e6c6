"""Programs of ours as real processes: started, listened to, and never left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from deploy.local.process import dying_with_parent

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
"""For what is long up on a machine that is not busy elsewhere."""
STOP_SECONDS = 15.0
PATIENCE_SECONDS = 30.0
"""For what comes by itself. How soon something comes is measured where it is promised."""

Found = TypeVar("Found")


def wait_until(
    find: Callable[[], Found | None], *, seconds: float = PATIENCE_SECONDS, what: str
) -> Found:
    """What `find` finds, as soon as it is not None or False; fails with `what` when it never is."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found is not None and found is not False:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    """Running, and not only waiting to be buried."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Running:
    """One process and all it starts: a session of its own, output in a file."""

    def __init__(self, name: str, argv: list[str], *, env: dict[str, str], log: Path) -> None:
        self.name, self._log = name, log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [*dying_with_parent(signal.SIGKILL), *argv],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its log with LOG_FORMAT=json, line by line; raises where a line is none."""
        return [json.loads(line) for line in self.output.splitlines()]

    def await_said(self, words: str, *, times: int = 1, seconds: float = START_SECONDS) -> None:
        """Until its log has these words, so many times."""

        def is_said() -> bool:
            assert self.popen.poll() is None or self.output.count(words) >= times, self.told()
            return self.output.count(words) >= times

        wait_until(is_said, seconds=seconds, what=f"{words!r} from {self.told()}")

    def below(self) -> list[psutil.Process]:
        """The processes that it has started, oldest first."""
        return sorted(
            psutil.Process(self.popen.pid).children(recursive=True),
            key=lambda process: (process.create_time(), process.pid),
        )

    def stop(self, *, seconds: float = STOP_SECONDS) -> int:
        """Ask it to stop, as an operator does; its exit code."""
        self.popen.terminate()
        return self.wait(seconds=seconds)

    def kill(self) -> None:
        """End the process, and it alone, without a word."""
        self.popen.kill()
        self.popen.wait()

    def wait(self, *, seconds: float = START_SECONDS) -> int:
        """The exit code of a program that ends by itself, or has been told to."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:g} s: {self.told()}") from None

    def told(self) -> str:
        """Its name and its last words, for whoever has to find out what went wrong."""
        return f"{self.name}:\n{self.output[-6000:]}"

    def clear_up(self) -> None:
        """Whatever happened: nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            # Its session is its own, so nobody else's process is in the group.
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        print(self.told())


class Processes:
    """Starts processes with one environment; `clear_up` ends whatever still runs."""

    def __init__(self, *, env: dict[str, str], folder: Path) -> None:
        self.env, self.folder = env, folder
        self._started: list[Running] = []

    def start(self, name: str, *words: str, **env: str) -> Running:
        """`python -m words…`, with changes of the environment."""
        path = self.folder / f"{len(self._started)}-{name}.log"
        argv = [sys.executable, "-m", *words]
        self._started.append(Running(name, argv, env={**self.env, **env}, log=path))
        return self._started[-1]

    def worker(self, *options: str, **env: str) -> Running:
        """A Celery worker with one process for jobs."""
        name = f"worker{len(self._started)}"
        words = ("celery", "--quiet", "-A", "config", "worker", "-c", "1", "-n", name, *options)
        return self.start(name, *words, "--without-gossip", "--without-mingle", "-l", "info", **env)

    def beat(self, **env: str) -> Running:
        """A Beat with a schedule of its own: it begins at once."""
        name = f"beat{len(self._started)}"
        schedule = str(self.folder / name)
        options = ("--pidfile", "", "-s", schedule, "-l", "info")
        return self.start(name, "celery", "--quiet", "-A", "config", "beat", *options, **env)

    def clear_up(self) -> None:
        for running in reversed(self._started):
            running.clear_up()
