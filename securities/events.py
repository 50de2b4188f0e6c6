"""Saying that securities have changed: to what is derived from them, and to open sockets."""

import asyncio

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from rest.owed import Owed
from securities import version

log = structlog.get_logger(__name__)

GROUP = "securities"
CHANGED = "securities.changed"

_SEND_SECONDS = 2.0
_OWED_SECONDS = 600.0
"""Lists that were stored under the old version have expired by then."""


def announce_change() -> None:
    """Bump the catalogue's version, then send `securities.changed` to the group "securities".

    Call it after the commit, from synchronous code. It never raises: the change is
    made. With Redis away it is said again once Redis is back, or, should this process
    have ended by then, found by time (lists expire, the search index compares).
    """
    try:
        _tell(GROUP)
    except Exception as error:  # noqa: BLE001  # a layer may fail in any way; the write stands
        log.warning("securities_change_not_announced", cause=error)
        _owed.add(GROUP, seconds=_OWED_SECONDS)


def _tell(_: str) -> None:
    """Bump first: who hears of the change reads under the new version."""
    version.bump()
    async_to_sync(_send)()


async def _send() -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(_SEND_SECONDS):  # the layer itself would wait for ever
        await layer.group_send(GROUP, {"type": CHANGED})


_owed: Owed[str] = Owed(_tell, name="securities-changes")
