"""After an edit is committed: cached lists are forgotten, then every hub is told.

An acknowledged edit never fails because of this. What could not be said because
Redis was away is said again, from a thread of this process, until it succeeds or
until every cached list has expired by itself; so open sockets follow an edit that
was made during an outage as soon as the outage ends.
"""

import asyncio
from contextlib import suppress
from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from rest.owed import Owed
from watchlists import cache

log = structlog.get_logger(__name__)

WATCHLISTS_GROUP = "watchlists"
WATCHLIST_EDITED = "watchlist.edited"

SEND_SECONDS = 2


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
        log.warning("watchlist_edit_not_announced", user=user_id, cause=error)
        _owed.add(user_id, seconds=cache.LIST_SECONDS)


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


_owed: Owed[int] = Owed(_tell, name="watchlist-edits")
