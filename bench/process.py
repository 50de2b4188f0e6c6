"""Processes of a benchmark: each ends with the one that started it."""

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Self

_SPAWN = multiprocessing.get_context("spawn")
_PR_SET_PDEATHSIG = 1

Pipe = Connection


class BenchmarkFailed(Exception):
    """The figures would be worth nothing; the message says why."""


class Worker:
    """`work(pipe, *arguments)` in a process of its own; use it as a context."""

    def __init__(self, work: Callable[..., None], *arguments: object) -> None:
        self._name = getattr(work, "func", work).__module__  # the function of a partial
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=_begin, args=(work, theirs, *arguments), name=self._name, daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def tell(self, message: object) -> None:
        self._pipe.send(message)

    def hear(self, *, seconds: float = 600.0) -> Any:
        """What the worker sends next. Raises BenchmarkFailed when nothing will come."""
        try:
            if self._pipe.poll(seconds):
                return self._pipe.recv()
        except (EOFError, ConnectionError):
            raise BenchmarkFailed(f"{self._name} has ended; see above.") from None
        raise BenchmarkFailed(f"{self._name} said nothing for {seconds:g} s.")

    def ask(self, question: object, *, seconds: float = 600.0) -> Any:
        self.tell(question)
        return self.hear(seconds=seconds)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It gets no CPU meanwhile; what is sent to its sockets waits in the kernel."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join(15)
        self._process.kill()
        self._process.join()
        self._pipe.close()


def program(pipe: Pipe, argv: list[str], environment: dict[str, str], log: str = "") -> None:
    """To be started as a Worker: becomes another program, under the same process id.

    What it says goes into the file `log`, if one is named.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream.fileno())
    os.execvpe(argv[0], argv, {**os.environ, **environment})


def allow_many_sockets(wanted: int = 65_536) -> None:
    """Raise the limit of open files as far as allowed; processes started later inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limits in ((max(wanted, soft), max(wanted, hard)), (hard, hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        except (ValueError, OSError):  # only root may raise the hard limit
            continue
        return


def _begin(work: Callable[..., None], pipe: Pipe, *arguments: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of who started us
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    work(pipe, *arguments)
