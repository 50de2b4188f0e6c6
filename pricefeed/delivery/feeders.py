"""The sockets of feeders: they get no prices, but end, and hear of the feed, like all others."""

import asyncio

from pricefeed.delivery.doubts import Living
from pricefeed.delivery.figures import FEED
from pricefeed.delivery.follower import Follower
from pricefeed.delivery.identity import Identity, TokenRefused
from pricefeed.delivery.outlet import Outlet, Send
from pricefeed.delivery.teller import Teller, welcome
from pricefeed.delivery.writer import Writer


class FeederOutlet(Outlet):
    """What was taken is answered before the socket is closed: else it would be sent twice.

    `is_taking` is for who takes messages; it ends with `taken`. Only who does not read is
    closed at once. Who leaves by itself has said what it had to say, and that is taken.
    """

    __slots__ = ("_farewell", "_has_left", "_news", "is_taking")

    def __init__(self, send: Send, *, writer: Writer | None = None, identity: Identity) -> None:
        news = self._news = asyncio.Event()
        super().__init__(
            send, kind=FEED, writer=writer, identity=identity, on_free=lambda _: news.set()
        )
        self.is_taking = False
        self._has_left = False
        self._farewell: tuple[int, str] | None = None

    @property
    def takes_more(self) -> bool:
        """Whether it may say more."""
        return not self.closed and self._farewell is None

    @property
    def is_taken(self) -> bool:
        """Whether what it has said, and nobody has begun to take, still counts."""
        return self.takes_more or self._has_left

    def taken(self) -> None:
        """Nothing is being taken any more, and what was has been answered."""
        self.is_taking = False
        if self._farewell is not None:
            super().close(*self._farewell)

    def close(self, code: int, reason: str = "") -> None:
        if self.is_taking and not self.blocked:
            self._farewell = self._farewell or (code, reason)
            return
        super().close(code, reason)
        self._news.set()

    def gone(self) -> None:
        self._has_left = self.is_taken
        super().gone()

    def ended(self) -> None:
        super().ended()
        self._news.set()

    async def answer(self, text: str) -> None:
        """Write; where the client does not read its answers, wait until it does, or is gone."""
        while self.blocked and not self.closed:
            self._news.clear()
            await self._news.wait()
        if not self.closed:
            self.write(text)


class Feeders:
    """Those of this process."""

    def __init__(self, *, teller: Teller, follower: Follower, living: Living) -> None:
        self._teller = teller
        self._follower = follower
        self._living = living
        self.outlets: dict[FeederOutlet, None] = {}

    async def add(self, outlet: FeederOutlet) -> None:
        """Close it with its sign-in from now on. Raises TokenRefused."""
        assert outlet.identity is not None
        self._follower.look_after(outlet)  # first, so that an end during the look is heard of
        if not await self._living([outlet.identity]):
            raise TokenRefused(is_expired=False)

    def welcome(self, outlet: FeederOutlet) -> None:
        """From now on it is told of the feed, and closed when its time is up."""
        self.outlets[outlet] = None
        outlet.write_together(welcome(self._teller.mark.epoch), *self._teller.complaints())

    def remove(self, outlet: FeederOutlet) -> None:
        """It has ended."""
        self._follower.remove(outlet)
        self.outlets.pop(outlet, None)
