"""uvicorn that leaves as docs/adr/0010-leaving.md says: nobody is cut off who could be told."""

import asyncio
import contextlib
import math
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn

from config.door import Door
from pricefeed.delivery.running import leave, running_hub
from pricefeed.delivery.transport import PriceSocketProtocol

_SHARE_FOR_REQUESTS = 0.25
"""The end of the grace, for requests under way; sockets are closed in what is before it."""

_ANSWER_SECONDS = 2.0
_AFTER_GRACE_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_TICK_SECONDS = 1.0
_START_SECONDS = 15.0
CUT_OFF = 1
"""The exit code of a process that did not end by itself."""

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Serves until a signal, or until it is `replaced`; then it leaves.

    Told by a signal, it serves and accepts for `drain_seconds` more, not being ready, so that
    load balancers look elsewhere. Replaced, there is another on the same listening socket,
    and it stops accepting at once. Then sockets are sent away, a few at a time: within
    `grace_seconds` after a signal, at leisure if replaced. A second signal ends the process.

    `owns_process`: it is not in a thread of a test's, so it may end the process by force.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        door: Door,
        drain_seconds: float,
        grace_seconds: float,
        owns_process: bool = False,
    ) -> None:
        super().__init__(config)
        self._door = door
        self._drain_seconds = drain_seconds
        self._grace_seconds = grace_seconds
        self._owns_process = owns_process
        self._is_replaced = False
        self._ends_at = math.inf
        self._tell: Callable[[], object] = lambda: None
        self.on_serving: Callable[[], None] = lambda: None
        self.is_replacement = False
        """It must be able to serve prices before it says that it serves."""
        self.is_minded = False
        """Its minder kills it when it is told twice. Who stops them all as a group would tell it
        twice, too: by itself and through the minder."""

    # -- Told by others ----------------------------------------------------------------------

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop; the second one is obeyed at once."""
        if self._captured_signals:
            if self.is_minded:
                return
            _cut_off()
        super().handle_exit(sig, frame)
        if self._is_replaced:  # and at leisure until now
            self._end_within(self._grace_seconds)
        self._tell()

    def replaced(self) -> None:
        """Another process has taken over; may be called from any thread."""
        self._is_replaced = True
        self.stop()

    def stop(self) -> None:
        """Leave; may be called from any thread."""
        self.should_exit = True
        self._tell()

    # -- Life --------------------------------------------------------------------------------

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        if self.is_replacement:
            await self._prove()
        await super().startup(sockets)
        self.on_serving()

    async def _prove(self) -> None:
        """Whoever is to be replaced serves prices, maybe from memory alone: do not do worse."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await running_hub()
        except Exception as error:  # noqa: BLE001  whatever it is: this process cannot serve
            log.error("web_process_cannot_serve", cause=error)  # noqa: TRY400  in words
            sys.exit(1)

    async def main_loop(self) -> None:
        """Serve until told to stop.

        uvicorn's looks ten times a second whether it has been: most of what an idle process does.
        """
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        self._tell = lambda: loop.call_soon_threadsafe(told.set)
        try:
            while not await self.on_tick(0):  # it writes the date for the headers of answers
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_SECONDS):
                        await told.wait()
        finally:
            self._tell = lambda: None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave: drain, stop listening, send the sockets away, end the requests under way."""
        self._door.is_closing = True
        if not self._is_replaced:
            self._end_within(self._drain_seconds + self._grace_seconds)
            await asyncio.sleep(self._drain_seconds)
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        await self._send_away()
        if self._ends_at == math.inf:
            self._end_within(self._grace_seconds)
        await self._await_answers()
        self.config.timeout_graceful_shutdown = self._seconds_left()  # type: ignore[assignment]
        await super().shutdown(sockets)

    async def _send_away(self) -> None:
        def last_turn() -> float:
            return self._ends_at - self._grace_seconds * _SHARE_FOR_REQUESTS

        def are_left() -> bool:
            return any(not socket.close_sent for socket in self._sockets())

        leaving = asyncio.ensure_future(leave(until=last_turn, are_left=are_left))
        while not leaving.done() and self._seconds_left() > 0:
            await asyncio.wait([leaving], timeout=_LOOK_SECONDS)
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving

    async def _await_answers(self) -> None:
        """Clients answer a close; cut off who does not, or has not even read it."""
        until = time.monotonic() + min(_ANSWER_SECONDS, self._seconds_left())
        while told := [each for each in self._sockets() if each.close_sent]:
            if time.monotonic() > until:
                for connection in told:
                    connection.abort()
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _sockets(self) -> list[PriceSocketProtocol]:
        connections = self.server_state.connections
        return [each for each in connections if isinstance(each, PriceSocketProtocol)]

    # -- The end -----------------------------------------------------------------------------

    def _end_within(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        if self._owns_process:
            # A thread in a query outlives the loop; nothing outlives this.
            timer = threading.Timer(seconds + _AFTER_GRACE_SECONDS, _cut_off)
            timer.daemon = True
            timer.start()

    def _seconds_left(self) -> float:
        return max(0.0, self._ends_at - time.monotonic())


def _cut_off() -> None:
    """End now, whatever is under way; without a word, because that could hang, too."""
    os._exit(CUT_OFF)
