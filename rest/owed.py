"""What a committed write has to say to other processes, and the thread that says it late.

A committed write never fails because Redis is away. What it had to say then is
said again, from a thread of this process, until it succeeds or is too old to matter.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = structlog.get_logger(__name__)

Key = TypeVar("Key")

SEND_SECONDS = 2.0
"""How long a write may be held up by a layer that does not answer; it would wait for ever."""


@async_to_sync
async def send_to_group(group: str, *messages: Mapping[str, Any]) -> None:
    """Give the channel layer these messages; raises what the layer raises, and TimeoutError."""
    for message in messages:
        async with asyncio.timeout(SEND_SECONDS):  # for each, or many would never be through
            await get_channel_layer().group_send(group, message)


class Announcements(Generic[Key]):
    """Says things on commit, each by its key; `say` says one, and raises where it cannot.

    What could not be said is owed, each key once, for `seconds`, to a thread that tries
    again; until it has succeeded once, whoever comes does not try, and so waits for no Redis
    that is away. The process may end first: who must know is told by time, too (expiry,
    comparing).
    """

    retry_seconds = 0.5

    def __init__(self, say: Callable[[Key], None], *, name: str, seconds: float) -> None:
        self._say = say
        self._name = name
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until: dict[Key, float] = {}
        self._worker: threading.Thread | None = None
        self.is_away = False
        """Whether the last attempt failed, and another one is coming."""

    def announce(self, key: Key) -> None:
        """On commit, say this; call it from synchronous code. It never fails the write."""
        transaction.on_commit(partial(self._say_or_owe, key))

    def _say_or_owe(self, key: Key) -> None:
        if not self.is_away:
            try:
                self._say(key)
            except Exception as error:  # noqa: BLE001  a layer may fail in any way; the write stands
                log.warning("not_announced", kind=self._name, key=key, cause=error)
            else:
                return
        self._owe(key)

    def _owe(self, key: Key) -> None:
        with self._lock:
            self._until[key] = time.monotonic() + self._seconds
            if self._worker is None:
                worker = threading.Thread(target=self._work, name=self._name, daemon=True)
                try:
                    worker.start()
                except RuntimeError as error:  # no thread to be had: whoever comes next tries
                    log.warning("not_announced_again", kind=self._name, cause=error)
                    return
                self._worker, self.is_away = worker, True

    def _work(self) -> None:
        while owed := self._open():
            time.sleep(self.retry_seconds)
            for key, until in owed.items():
                self.is_away = not self._try(key)
                if self.is_away and time.monotonic() <= until:
                    break  # Redis is still away: do not wait for it once per key
                self._settle(key, until)

    def _open(self) -> dict[Key, float]:
        """What is owed; if nothing, the thread that asks is the last to have asked."""
        with self._lock:
            if not self._until:
                self._worker, self.is_away = None, False
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
