"""What a hub looks after by the clock: heartbeats, a silent feed, sockets whose time is up."""

import asyncio
import time
from collections.abc import Callable, Iterable

from msgspec import UNSET, UnsetType

from pricefeed.delivery import close_codes, turns
from pricefeed.delivery.figures import report
from pricefeed.delivery.latest import Sign
from pricefeed.delivery.outlet import Outlet
from pricefeed.delivery.teller import Teller

STALLED_SECONDS = 10.0
"""Who has taken nothing for so long is cut off, and may come back when they read again."""

_LOOK_ROUNDS = 3
"""So often each socket is looked at; in every round that would cost as much as heartbeats do."""


class Rounds:
    """`run` for as long as the hub lives; `heard` and `call_live` are the feed's signs of life.

    `writing` is held while a tick is flushed: a heartbeat says how far everything has been
    sent, so amid a flush it only goes along with its prices. Without a sign for
    `stale_seconds` clients are told.
    """

    def __init__(
        self,
        *,
        outlets: Callable[[], Iterable[Outlet]],
        teller: Teller,
        writing: asyncio.Lock,
        stale_seconds: float,
    ) -> None:
        self._outlets = outlets
        self._teller = teller
        self._writing = writing
        self._stale_seconds = stale_seconds
        self._heard_at = time.time()
        self._looked_at = turns.round_now()

    def resume(self, sign: Sign) -> None:
        """Begin with what others have heard of the feed: nobody is told that it were well."""
        self._heard_at = min(sign.at, self._heard_at)
        self._teller.delayed_since = sign.delayed_since
        self._notice_silence()

    def heard(self) -> None:
        """The feed has begun or ended a run."""
        self._heard_at = time.time()

    async def call_live(self, *, delayed_since: int | UnsetType | None) -> None:
        """The feed runs; take back what was said of its silence, and say how its source is."""
        teller = self._teller
        if delayed_since is UNSET:
            delayed_since = teller.delayed_since
        if teller.stale_since is not None or teller.delayed_since != delayed_since:
            teller.stale_since, teller.delayed_since = None, delayed_since
            await self._heartbeat()

    async def run(self) -> None:
        """One round after another, for ever."""
        while True:
            await asyncio.sleep(turns.ROUND_SECONDS)
            await self.one()

    async def one(self) -> None:
        """Do what is due by now."""
        if self._notice_silence():
            await self._heartbeat()
        now = turns.round_now()
        if now // _LOOK_ROUNDS > self._looked_at // _LOOK_ROUNDS:
            self._looked_at = now
            report(self._outlets(), heard_at=self._heard_at)
            self._close_expired_and_stalled()
            await self._regular_heartbeat()

    def _notice_silence(self) -> bool:
        """Whether the feed has just been silent for too long."""
        silent = time.time() - self._heard_at > self._stale_seconds
        if silent and self._teller.stale_since is None:
            self._teller.stale_since = int(self._heard_at * 1000)
            return True
        return False

    async def _heartbeat(self) -> None:
        """To everybody, at once."""
        async with self._writing:
            await self._teller.tell_heartbeat(self._outlets())

    async def _regular_heartbeat(self) -> None:
        """To those who need one before the next look, or are to be pinged."""
        async with self._writing:
            now = turns.round_now()
            next_look = now + _LOOK_ROUNDS
            due = [o for o in self._outlets() if o.heartbeat_by < next_look or o.ping_at <= now]
            await self._teller.tell_heartbeat(due)

    def _close_expired_and_stalled(self) -> None:
        now, stalled_before = time.time(), time.monotonic() - STALLED_SECONDS
        for outlet in list(self._outlets()):
            identity = outlet.identity
            if identity is not None and identity.expires_at <= now:
                outlet.close(close_codes.TOKEN_EXPIRED)
            elif outlet.blocked and outlet.blocked_at < stalled_before:
                outlet.close(close_codes.TOO_SLOW)
