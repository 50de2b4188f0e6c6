"""One launcher a folder: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from deploy.local.log import Log
from deploy.local.trouble import Trouble

_WAIT_SECONDS = 12.0
_POLL_SECONDS = 0.1


class Lock:
    """Held as long as its descriptor is open, here or in the guard that inherited it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.descriptor = -1

    def is_held_by_the_living(self) -> bool:
        """Whether somebody else holds it, and is not just being cleared up after."""
        if self.try_take():
            self.release()
            return False
        return _is_alive(self._holder())

    def take(self) -> Self:
        """Take it, or say who has it.

        A holder that is dead leaves it to its guard for the seconds that clearing up needs;
        those are waited for.
        """
        deadline = time.monotonic() + _WAIT_SECONDS
        while not self.try_take():
            holder = self._holder()
            if _is_alive(holder) or time.monotonic() > deadline:
                raise Trouble(
                    f"Tickwatch is already running in this folder (process {holder}). "
                    f"Stop it first: Ctrl-C in its window, or kill {holder}"
                )
            time.sleep(_POLL_SECONDS)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def release(self) -> None:
        os.close(self.descriptor)
        self.descriptor = -1

    def try_take(self) -> bool:
        """Take it if it is free."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self.descriptor = descriptor
        return True

    def _holder(self) -> int:
        try:
            return int(self._file.read_text())
        except ValueError:
            return 0


@asynccontextmanager
async def alone(file: Path, log: Log) -> AsyncIterator[None]:
    """Wait until nobody else in this folder is at it, saying so if that takes time."""
    lock = Lock(file)
    if not lock.try_take():
        log.say("another command is installing in this folder; waiting for it")
        while not lock.try_take():  # noqa: ASYNC110 - another process has it: no event tells
            await asyncio.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
