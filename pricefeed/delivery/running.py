"""The hub of this process: started by its first socket, stopped by the server."""

import asyncio

from channels.layers import get_channel_layer
from django.conf import settings

from pricefeed.delivery.hub import Hub
from pricefeed.delivery.latest import LatestReader
from pricefeed.delivery.reads import hub_reads

_starting: dict[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = {}


async def running_hub() -> Hub:
    """The hub of this event loop. Raises what Redis or Postgres raise when they are away."""
    loop = asyncio.get_running_loop()
    task = _starting.get(loop)
    if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
        task = _starting[loop] = asyncio.ensure_future(_start())
    return await asyncio.shield(task)


async def stop_hub() -> None:
    """Close all sockets with *going away*; does nothing where no hub has been started."""
    task = _starting.pop(asyncio.get_running_loop(), None)
    if task is not None and task.done() and not task.cancelled() and task.exception() is None:
        await task.result().stop()


async def _start() -> Hub:
    hub = Hub(
        layer=get_channel_layer(),
        latest=LatestReader(),
        reads=hub_reads(),
        stale_seconds=settings.PRICE_STALE_SECONDS,
    )
    await hub.start()
    return hub
