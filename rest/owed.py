"""Announcements that could not be made when they were due, and the thread that makes them.

A committed write never fails because Redis is away. What it had to say then is
said again, from a thread of this process, until it succeeds or is too old to matter.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

Key = TypeVar("Key")


class Owed(Generic[Key]):
    """What is still to be said, each key once; `say` says it, and raises where it cannot.

    The process may end first: who must know is told by time, too (expiry, comparing).
    """

    retry_seconds = 0.5

    def __init__(self, say: Callable[[Key], None], *, name: str) -> None:
        self._say = say
        self._name = name
        self._lock = threading.Lock()
        self._until: dict[Key, float] = {}

    def add(self, key: Key, *, seconds: float) -> None:
        """Keep trying to say this for so long; returns at once."""
        with self._lock:
            idle = not self._until
            self._until[key] = time.monotonic() + seconds
        if idle:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while owed := self._open():
            time.sleep(self.retry_seconds)
            for key, until in owed.items():
                if self._try(key) or time.monotonic() > until:
                    self._settle(key, until)
                else:
                    break  # Redis is still away: do not wait for it once per key

    def _open(self) -> dict[Key, float]:
        with self._lock:
            return dict(self._until)

    def _settle(self, key: Key, until: float) -> None:
        """Strike off, unless it is owed anew since."""
        with self._lock:
            if self._until.get(key) == until:
                del self._until[key]

    def _try(self, key: Key) -> bool:
        try:
            self._say(key)
        except Exception as error:  # noqa: BLE001  tried again, and bounded in time
            log.debug("still_not_announced", kind=self._name, key=key, cause=error)
            return False
        log.info("announced_late", kind=self._name, key=key)
        return True
