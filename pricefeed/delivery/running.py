"""The hub of this process: started by its first socket, stopped by the server."""

import asyncio
import math
import time
from collections.abc import Callable
from weakref import WeakSet

from channels.layers import get_channel_layer
from django.conf import settings

from pricefeed.delivery.hub import Hub, HubStopped
from pricefeed.delivery.latest import LatestReader
from pricefeed.delivery.reads import hub_reads

_JOINING_SECONDS = 5.0  # as long as a client may take to sign in
_LOOK_SECONDS = 0.05

_starting: dict[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = {}
_stopped: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


async def running_hub() -> Hub:
    """The hub of this event loop. Raises HubStopped, or what Redis or Postgres raise when away."""
    loop = asyncio.get_running_loop()
    if loop in _stopped:
        raise HubStopped
    task = _starting.get(loop)
    if task is None or (task.done() and _result(task) is None):
        task = _starting[loop] = asyncio.ensure_future(_start())
    return await asyncio.shield(task)


async def leave(*, until: Callable[[], float], are_left: Callable[[], bool]) -> None:
    """Send every socket away in its turn, the last at `until()`; then there is no hub any more.

    `until` is a time of `time.monotonic`, asked again and again. Sockets go on getting
    prices until they are closed. `are_left` tells of those who were about to sign in or to
    join: they have their time to do so, and are then sent away, too.
    """
    latest = math.inf
    try:
        while True:
            if (hub := _hub()) is not None:
                await hub.send_away(until=until)
            latest = min(latest, time.monotonic() + _JOINING_SECONDS)
            if not are_left() or time.monotonic() > min(latest, until()):
                return
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        loop, hub = asyncio.get_running_loop(), _hub()
        _stopped.add(loop)
        _starting.pop(loop, None)
        if hub is not None:
            await hub.stop()


def _hub() -> Hub | None:
    """The hub of this event loop, if it runs."""
    task = _starting.get(asyncio.get_running_loop())
    return _result(task) if task is not None and task.done() else None


def _result(started: asyncio.Task[Hub]) -> Hub | None:
    """The hub, where it came up and is still well."""
    if started.cancelled() or started.exception() is not None or started.result().has_failed:
        return None
    return started.result()


async def _start() -> Hub:
    hub = Hub(
        layer=get_channel_layer(),
        latest=LatestReader(),
        reads=hub_reads(),
        stale_seconds=settings.PRICE_STALE_SECONDS,
    )
    await hub.start()
    return hub
