"""Sockets whose sign-in may have ended: they are looked up, and closed where it has.

What is heard of ended sign-ins is no more than a reason to look. The word of a new password may
come late, when its user has signed in with it already; and a socket may join just after the word
of the end of a sign-in that had been found alive just before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable

import structlog

from pricefeed.delivery import close_codes
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.messages import SessionEnded
from pricefeed.delivery.outlet import Outlet

log = structlog.get_logger(__name__)

JOINING_SECONDS = 10.0
"""Longer than it takes from the look at a token until its socket has joined."""

_RETRY_SECONDS = 1.0
_SOCKETS_PER_READ = 500
_ENDINGS = {
    "signed_out": close_codes.SIGNED_OUT,
    "password_changed": close_codes.PASSWORD_CHANGED,
    "disabled": close_codes.DISABLED,
}

Living = Callable[[Collection[Identity]], Awaitable[set[Identity]]]
"""Those of the identities whose sign-in has not ended."""


class Doubts:
    """Which sockets there is a reason to look up, and with which code they would be closed."""

    def __init__(self, *, living: Living) -> None:
        self._living = living
        self._doubted: dict[Outlet, int] = {}
        self._wake = asyncio.Event()
        self._heard: dict[int, tuple[float, int]] = {}  # by user, in order: when, and the code
        self._missed_at = -JOINING_SECONDS

    def ended(self, message: SessionEnded, outlets: Iterable[Outlet]) -> None:
        """A user has signed out of one sign-in, or may not go on at all; `outlets` are theirs."""
        code = _ENDINGS.get(message.reason, close_codes.BAD_TOKEN)
        self._forget_old()
        self._heard.pop(message.user, None)
        self._heard[message.user] = time.monotonic(), code
        self._doubt(outlets, code)

    def missed(self, outlets: Iterable[Outlet]) -> None:
        """The end of any sign-in may not have been heard."""
        self._missed_at = time.monotonic()
        self._doubt(outlets, close_codes.BAD_TOKEN)

    def joined(self, outlet: Outlet) -> None:
        """A user's socket has joined; its token was looked at some time ago."""
        assert outlet.identity is not None
        since = time.monotonic() - JOINING_SECONDS
        heard_at, code = self._heard.get(outlet.identity.user_id, (since, 0))
        if heard_at > since:
            self._doubt([outlet], code)
        elif self._missed_at > since:
            self._doubt([outlet], close_codes.BAD_TOKEN)

    async def run(self) -> None:
        """Look up, for ever; what fails is tried again."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            doubted, self._doubted = self._doubted, {}
            try:
                await self._look_up(doubted)
            except Exception as error:  # noqa: BLE001  Postgres is away: again soon
                log.warning("sign_ins_not_looked_up", cause=error)
                self._doubted = doubted | self._doubted
                self._wake.set()
                await asyncio.sleep(_RETRY_SECONDS)

    def _doubt(self, outlets: Iterable[Outlet], code: int) -> None:
        self._doubted.update(dict.fromkeys(outlets, code))
        self._wake.set()

    async def _look_up(self, doubted: dict[Outlet, int]) -> None:
        outlets = list(doubted)
        for start in range(0, len(outlets), _SOCKETS_PER_READ):
            some = {
                outlet: outlet.identity
                for outlet in outlets[start : start + _SOCKETS_PER_READ]
                if outlet.identity is not None
            }
            living = await self._living(set(some.values()))
            for outlet, identity in some.items():
                if identity not in living:
                    code = doubted[outlet]
                    outlet.close(code, close_codes.REASONS[code])

    def _forget_old(self) -> None:
        old = time.monotonic() - JOINING_SECONDS
        while self._heard and next(iter(self._heard.values()))[0] < old:
            del self._heard[next(iter(self._heard))]
