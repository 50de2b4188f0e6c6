"""The messages of one feeder: taken in turn, off the event loop, and answered."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from pricefeed.delivery import close_codes
from pricefeed.delivery.feeders import FeederOutlet

log = structlog.get_logger(__name__)

MOST_WAITING = 1000

Push = Callable[[Sequence[str | None], int], Awaitable[list[str]]]
"""Takes messages, of which so many came before; gives the frames that answer them."""


class Intake:
    """One batch is being taken while the next one gathers: `most_bytes`, MOST_WAITING messages.

    `put` waits while that is full, and who waits reads no more from the socket; so a feeder
    feels how fast it is recorded, and nothing piles up here. A batch is whatever has come
    meanwhile: who sends a tick a message pays for one call a batch.
    """

    def __init__(self, outlet: FeederOutlet, *, push: Push, most_bytes: int) -> None:
        self._outlet = outlet
        self._push = push
        self._most_bytes = most_bytes
        self._waiting: list[str | None] = []
        self._size = 0
        self._answered = 0
        self._room = asyncio.Event()

    async def put(self, text: str | None) -> None:
        """The next message; None is one that is no text."""
        size = len(text or "")
        while self._is_full(size) and self._outlet.takes_more:
            self._room.clear()
            await self._room.wait()
        if not self._outlet.takes_more:
            return  # nobody will answer it, and so it is not taken
        self._waiting.append(text)
        self._size += size
        if not self._outlet.is_taking:
            self._outlet.is_taking = True
            self._task = asyncio.ensure_future(self._take())

    def _is_full(self, size: int) -> bool:
        waiting = len(self._waiting)
        return waiting > 0 and (waiting >= MOST_WAITING or self._size + size > self._most_bytes)

    async def _take(self) -> None:
        try:
            while self._waiting and self._outlet.is_taken:
                batch, self._waiting, self._size = self._waiting, [], 0
                self._room.set()
                for frame in await self._push(batch, self._answered):
                    await self._outlet.answer(frame)
                self._answered += len(batch)
        except Exception:  # a bug of ours: let the feeder come back
            log.exception("feed_not_taken")
            self._outlet.close(close_codes.OVERLOADED)
        finally:
            self._outlet.taken()
            self._room.set()
