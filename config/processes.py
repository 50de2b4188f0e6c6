"""The serving processes of one listening socket, and how they are minded."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator

import structlog

from config.metrics import forget_process

LISTENER_VARIABLE = "TICKWATCH_LISTENER_FD"
SERVING_VARIABLE = "TICKWATCH_SERVING_FD"
REPLACEMENT_VARIABLE = "TICKWATCH_IS_REPLACEMENT"

_LOOK_SECONDS = 1.0
_LOOK_OFTEN_SECONDS = 0.05
_START_SECONDS = 60.0
_OVERDUE_SECONDS = 1.5
"""Later than a process ends itself."""
_LEISURE_SECONDS = 600.0
"""Within this a replaced one has sent everybody away, unless it hangs."""

log = structlog.get_logger(__name__)


class Child:
    """One serving process, as its minder sees it.

    It holds the reading end of a pipe of ours: a byte there says that it has been replaced,
    the end of it that we are gone, however that came. By a pipe of its own it says that it
    serves.
    """

    def __init__(self, listener: socket.socket, *, is_replacement: bool) -> None:
        self._said, saying = os.pipe()
        os.set_blocking(self._said, False)
        self.is_serving = False
        try:
            with _deaf_to_terminal():
                self._popen = subprocess.Popen(
                    [sys.executable, "-m", "config.server"],
                    stdin=subprocess.PIPE,
                    pass_fds=[listener.fileno(), saying],
                    env={
                        **os.environ,
                        LISTENER_VARIABLE: str(listener.fileno()),
                        SERVING_VARIABLE: str(saying),
                        REPLACEMENT_VARIABLE: str(int(is_replacement)),
                    },
                )
        except OSError:
            os.close(self._said)
            raise
        finally:
            os.close(saying)
        self.pid = self._popen.pid
        self._born_at = time.monotonic()

    def look(self) -> int | None:
        """Its exit code, or None while it lives; notices whether it serves."""
        if not self.is_serving:
            with contextlib.suppress(BlockingIOError):
                self.is_serving = bool(os.read(self._said, 1))
        return self._popen.poll()

    @property
    def is_late(self) -> bool:
        return not self.is_serving and time.monotonic() - self._born_at > _START_SECONDS

    def replaced(self) -> None:
        """Tell it that another has taken over."""
        assert self._popen.stdin
        with contextlib.suppress(BrokenPipeError):
            self._popen.stdin.write(b"r")
            self._popen.stdin.flush()

    def stop(self) -> None:
        """Tell it to leave; what does not serve yet has nobody to tell."""
        if self.is_serving:
            self._popen.terminate()
        else:
            self._popen.kill()

    def kill(self) -> None:
        self._popen.kill()

    def bury(self) -> None:
        """Wait for its end and give back what it held."""
        self._popen.wait()
        forget_process(self.pid)
        os.close(self._said)
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()


@contextlib.contextmanager
def _deaf_to_terminal() -> Iterator[None]:
    """Whoever is started now never hears what a terminal sends to all its processes.

    We pass it on as we see fit. A blocked signal stays blocked from before the first line of
    a new program is run; for us it only waits until we are done.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Processes:
    """So many children: started, started again when one dies, replaced and stopped together.

    SIGINT and SIGTERM stop them within `stop_seconds`, a second one at once. SIGHUP replaces
    one after another: a new one serves before the old one is told to go, and where it does
    not come up, the old ones stay. An old one that hangs is killed in the end.
    """

    def __init__(self, listener: socket.socket, *, count: int, stop_seconds: float) -> None:
        self._listener = listener
        self._count = count
        self._stop_seconds = stop_seconds
        self._serving: list[Child] = []
        self._coming: list[Child] = []  # they count: who dies now has been replaced already
        self._going: list[Child] = []
        self._start_at = 0.0
        self._restart: Iterator[None] | None = None
        self._is_restart_asked = False
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()  # a handler may put into it

    def mind(self) -> int:
        """Until a signal to stop; the exit code is 1 where one did not end well by itself."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: self._signals.put(number))
        while True:
            self._look()
            often = _LOOK_OFTEN_SECONDS if self._restart else _LOOK_SECONDS
            told = self._told_within(often)
            if told == signal.SIGHUP:
                self._is_restart_asked = True
            elif told is not None:
                return self._stop()

    def _told_within(self, seconds: float) -> int | None:
        with contextlib.suppress(queue.Empty):
            return self._signals.get(timeout=seconds)
        return None

    # -- Keeping -----------------------------------------------------------------------------

    def _look(self) -> None:
        for child in list(self._serving):
            if (code := child.look()) is not None:
                log.warning("web_process_ended", pid=child.pid, code=code)
                self._serving.remove(child)
                child.bury()
            elif child.is_late:
                child.kill()
        if time.monotonic() >= self._start_at:
            while self._are_too_few and (new := self._start()):
                self._serving.append(new)
            self._start_at = time.monotonic() + _LOOK_SECONDS
        if self._restart is None and self._is_restart_asked:
            self._is_restart_asked = False
            self._restart = self._replace(list(self._serving))
        if self._restart is not None and next(self._restart, self) is self:
            self._restart = None

    @property
    def _are_too_few(self) -> bool:
        return len(self._serving) + len(self._coming) < self._count

    def _start(self, *, is_replacement: bool = False) -> Child | None:
        try:
            return Child(self._listener, is_replacement=is_replacement)
        except OSError as error:  # out of memory or of processes: later there may be some
            log.error("web_process_not_started", cause=error)  # noqa: TRY400  in words
            return None

    # -- Replacing ---------------------------------------------------------------------------

    def _replace(self, olds: list[Child]) -> Iterator[None]:
        """A restart, step by step; ends early when a new process does not come up."""
        log.info("web_restart_begun", processes=len(olds))
        for old in olds:
            if old not in self._serving:
                continue  # it has died meanwhile, and whoever was started for it is new
            new = yield from self._bring_up()
            if new is None:
                log.error("web_process_not_replaced", pid=old.pid, cause="no new one came up")
                return
            self._serving.append(new)
            if old in self._serving:
                yield from self._let_go(old)
            log.info("web_process_replaced", pid=old.pid, by=new.pid)
        log.info("web_restart_done")

    def _bring_up(self) -> Generator[None, None, Child | None]:
        """A new process that serves, or None."""
        new = self._start(is_replacement=True)
        if new is None:
            return None
        self._coming.append(new)
        while (code := new.look()) is None and not new.is_serving and not new.is_late:
            yield
        self._coming.remove(new)
        if code is None and new.is_serving:
            return new
        new.kill()
        new.bury()
        return None

    def _let_go(self, old: Child) -> Iterator[None]:
        self._serving.remove(old)
        self._going.append(old)
        old.replaced()
        hangs_from = time.monotonic() + _LEISURE_SECONDS
        is_stopped = False
        while old.look() is None:
            late = time.monotonic() - hangs_from
            if late > 0 and not is_stopped:
                log.warning("web_process_does_not_leave", pid=old.pid)
                old.stop()
                is_stopped = True
            elif late > self._stop_seconds + _OVERDUE_SECONDS:
                old.kill()
            yield
        self._going.remove(old)
        old.bury()

    # -- Stopping ----------------------------------------------------------------------------

    def _stop(self) -> int:
        left = [*self._serving, *self._coming, *self._going]
        for child in left:
            child.look()
            child.stop()
        serving = [child for child in left if child.is_serving]
        deadline = time.monotonic() + self._stop_seconds + _OVERDUE_SECONDS
        while left := [child for child in left if child.look() is None]:
            if time.monotonic() > deadline or self._told_within(_LOOK_OFTEN_SECONDS) in {
                signal.SIGINT,
                signal.SIGTERM,
            }:
                for child in left:
                    child.kill()
                    child.bury()
                return 1
        return int(any(child.look() for child in serving))
