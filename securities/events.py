"""Saying that securities have changed: to what is derived from them, and to open sockets."""

import asyncio

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from securities import version

log = structlog.get_logger(__name__)

GROUP = "securities"
CHANGED = "securities.changed"

_SEND_SECONDS = 2.0


def announce_change() -> None:
    """Bump the catalogue's version, then send `securities.changed` to the group "securities".

    Call it after the commit, from synchronous code. Delivery is at most once. It
    never raises: the change is made, and with Redis away the listeners find it
    when they are connected again (hubs reload) or by time (the search index).
    """
    try:
        version.bump()
    except RedisError as error:
        log.warning("catalogue_version_not_bumped", cause=repr(error))
    try:
        async_to_sync(_send)()
    except Exception as error:  # noqa: BLE001  # a layer may fail in any way; the write stands
        log.warning("securities_change_not_announced", cause=repr(error))


async def _send() -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(_SEND_SECONDS):  # the layer itself would wait for ever
        await layer.group_send(GROUP, {"type": CHANGED})
