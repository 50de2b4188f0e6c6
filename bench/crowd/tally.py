"""What all members of a crowd share: what they must hold, who lacks it, what went wrong."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from bench.market.plan import Newest
from bench.process import BenchmarkFailed

if TYPE_CHECKING:
    from bench.crowd.member import Member


class Tally:
    """Counts frames that bring ticks; `over` ends when nobody lacks anything, or with a failure.

    With `keeps_arrivals`, data is taken off the sockets with the time and understood later,
    when all is quiet: what the client does with a frame does not delay the next one's.
    """

    def __init__(self) -> None:
        self.newest: Newest = {}
        self.waiting: set[Member] = set()
        self.frames = 0
        self.bytes = 0
        self.keeps_arrivals = False
        self.late: list[tuple[float, Member, bytes]] = []
        self.arrivals: list[float] = []
        self.held_at = 0.0
        """When the last who lacked something got it."""
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def count(self, size: int, at: float) -> None:
        """A frame that brings a tick."""
        self.frames += 1
        self.bytes += size
        if self.keeps_arrivals:
            self.arrivals.append(at)

    def satisfied(self, member: "Member") -> None:
        self.waiting.discard(member)
        if not self.waiting and not self._over.done():
            self.held_at = time.monotonic()
            self._over.set_result(None)

    def fail(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_exception(BenchmarkFailed(reason))

    def check(self) -> None:
        """Raises BenchmarkFailed if something went wrong already."""
        if self._over.done():
            self._over.result()

    async def over(self, *, seconds: float) -> None:
        """Returns when nobody waits any more. Raises BenchmarkFailed."""
        if self.waiting and not self._over.done():
            try:
                await asyncio.wait_for(asyncio.shield(self._over), seconds)
            except TimeoutError:
                raise BenchmarkFailed(f"{len(self.waiting)} users lack newest prices.") from None
        if self._over.done():
            self._over.result()
            self._over = asyncio.get_running_loop().create_future()

    def on_failure(self, act: "asyncio.Future[Any]") -> None:
        """A failure cancels this."""

        def end(over: asyncio.Future[None]) -> None:
            if not over.cancelled() and over.exception() is not None:
                act.cancel()

        self._over.add_done_callback(end)

    def understand(self) -> None:
        """Read what was taken off the sockets."""
        late, self.late = self.late, []
        for at, member, data in late:
            member.take(data, at)
