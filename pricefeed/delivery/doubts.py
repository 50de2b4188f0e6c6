"""Sockets whose sign-in may have ended: they are looked up, and closed where it has.

What is heard of ended sign-ins is no more than a reason to look: the word of a new password may
come late, when its user has signed in with it already.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable

import structlog

from pricefeed.delivery import close_codes
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.messages import SessionEnded
from pricefeed.delivery.outlet import Outlet

log = structlog.get_logger(__name__)

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

    def ended(self, message: SessionEnded, outlets: Iterable[Outlet]) -> None:
        """A user has signed out of one sign-in, or may not go on at all; `outlets` are theirs."""
        self._doubt(outlets, _ENDINGS.get(message.reason, close_codes.BAD_TOKEN))

    def missed(self, outlets: Iterable[Outlet]) -> None:
        """The end of any sign-in may not have been heard."""
        self._doubt(outlets, close_codes.BAD_TOKEN)

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
