"""After an edit is committed: cached lists are forgotten, then every hub is told.

An acknowledged edit never fails because of this. What could not be said because
Redis was away is said again, from a thread of this process, until it succeeds or
until every cached list has expired by itself; so open sockets follow an edit that
was made during an outage as soon as the outage ends.
"""

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from watchlists import cache

log = structlog.get_logger(__name__)

WATCHLISTS_GROUP = "watchlists"
WATCHLIST_EDITED = "watchlist.edited"

SEND_SECONDS = 2
RETRY_SECONDS = 0.5


def announce_edit(user_id: int) -> None:
    """On commit, make the edit of this user's list known: `{"type", "user": user_id}`.

    The cached list is forgotten before the commit as well: should this process die
    right after it, nobody reads the old one.
    """
    with suppress(RedisError):  # said again, and missed if need be, after the commit
        cache.forget([user_id])
    transaction.on_commit(partial(_tell_or_owe, user_id))


def _tell_or_owe(user_id: int) -> None:
    try:
        _tell(user_id)
    except Exception as error:  # noqa: BLE001  the edit is committed, whatever happens here
        log.warning("watchlist_edit_not_announced", user=user_id, cause=repr(error))
        _debts.add(user_id)


def _tell(user_id: int) -> None:
    """Forget first: who hears of the edit reads the list at once."""
    cache.forget([user_id])
    _send(user_id)


@async_to_sync
async def _send(user_id: int) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await get_channel_layer().group_send(
            WATCHLISTS_GROUP, {"type": WATCHLIST_EDITED, "user": user_id}
        )


class _Debts:
    """Users whose last edit nobody has heard of yet, and the thread that keeps trying."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[int, float] = {}

    def add(self, user_id: int) -> None:
        with self._lock:
            idle = not self._until
            self._until[user_id] = time.monotonic() + cache.LIST_SECONDS
        if idle:
            threading.Thread(target=self._work, name="watchlist-edits", daemon=True).start()

    def _work(self) -> None:
        while owed := self._owed():
            time.sleep(RETRY_SECONDS)
            for user_id, until in owed.items():
                if self._try(user_id) or time.monotonic() > until:
                    self._settle(user_id, until)
                else:
                    break  # Redis is still away: do not wait for it once per user

    def _owed(self) -> dict[int, float]:
        with self._lock:
            return dict(self._until)

    def _settle(self, user_id: int, until: float) -> None:
        """Strike off, unless another edit has failed since."""
        with self._lock:
            if self._until.get(user_id) == until:
                del self._until[user_id]

    def _try(self, user_id: int) -> bool:
        try:
            _tell(user_id)
        except Exception as error:  # noqa: BLE001  tried again, and bounded in time
            log.debug("watchlist_edit_still_not_announced", user=user_id, cause=repr(error))
            return False
        log.info("watchlist_edit_announced_late", user=user_id)
        return True


_debts = _Debts()
