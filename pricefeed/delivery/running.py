"""The hub of this process: started by its first socket, stopped by the server."""

import asyncio
from collections.abc import Callable
from weakref import WeakSet

from channels.layers import get_channel_layer
from django.conf import settings

from pricefeed.delivery.hub import Hub
from pricefeed.delivery.latest import LatestReader
from pricefeed.delivery.reads import hub_reads

_starting: dict[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = {}
_stopped: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


class HubStopped(Exception):
    """This process is leaving; another will serve whoever asks."""


async def running_hub() -> Hub:
    """The hub of this event loop. Raises HubStopped, or what Redis or Postgres raise when away."""
    loop = asyncio.get_running_loop()
    if loop in _stopped:
        raise HubStopped
    task = _starting.get(loop)
    if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
        task = _starting[loop] = asyncio.ensure_future(_start())
    return await asyncio.shield(task)


async def leave(*, until: Callable[[], float]) -> None:
    """Send every socket away in its turn, the last at `until()`; then there is no hub any more.

    `until` is a time of `time.monotonic`, asked again and again. Sockets go on getting
    prices until they are closed.
    """
    loop = asyncio.get_running_loop()
    task = _starting.get(loop)
    hub = task.result() if task is not None and _has_succeeded(task) else None
    try:
        if hub is not None:
            await hub.send_away(until=until)
    finally:
        _stopped.add(loop)
        _starting.pop(loop, None)
        if hub is not None:
            await hub.stop()


def _has_succeeded(task: asyncio.Task[Hub]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _start() -> Hub:
    hub = Hub(
        layer=get_channel_layer(),
        latest=LatestReader(),
        reads=hub_reads(),
        stale_seconds=settings.PRICE_STALE_SECONDS,
    )
    await hub.start()
    return hub
