"""After a commit: says to all processes that anomalies were found; which, they read themselves."""

import asyncio

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from pricefeed.delivery.groups import ANOMALIES_GROUP
from pricefeed.delivery.messages import AnomaliesFound

log = structlog.get_logger(__name__)

_SEND_SECONDS = 2.0


def nudge() -> None:
    """Never fails: whoever does not hear of it finds out within seconds."""
    try:
        _send()
    except Exception as error:  # noqa: BLE001  Redis is away; the anomalies are committed
        log.warning("anomalies_not_announced", cause=error)


@async_to_sync
async def _send() -> None:
    async with asyncio.timeout(_SEND_SECONDS):
        await get_channel_layer().group_send_many([(ANOMALIES_GROUP, AnomaliesFound())])
