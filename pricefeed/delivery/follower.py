"""Follows what changes the lists of open sockets: watchlist edits and (de)activations.

Edits are collected and read together, one round after another, so a list that
was read earlier can never overwrite one that was read later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import chain

import structlog

from pricefeed.delivery.active import ActiveTickers
from pricefeed.delivery.breaths import in_breaths
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.doubts import Doubts, Living
from pricefeed.delivery.messages import SessionEnded
from pricefeed.delivery.outlet import Outlet

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_USERS_PER_READ = 500
_CHANGES_AT_A_TIME = 20


class Follower:
    """Knows the connections by user, and brings their lists up to date.

    `change` gives a connection another list; `refuse` tells it of a deactivated ticker.
    """

    def __init__(
        self,
        *,
        lists_of_users: Callable[[Sequence[int]], Awaitable[dict[int, tuple[str, ...]]]],
        active: ActiveTickers,
        active_among: Callable[[Collection[str]], Awaitable[set[str]]],
        living: Living,
        change: Callable[[Connection, tuple[str, ...]], Awaitable[None]],
        refuse: Callable[[Connection, str], None],
    ) -> None:
        self._lists_of_users = lists_of_users
        self._active = active
        self._active_among = active_among
        self._doubts = Doubts(living=living)
        self._change = change
        self._refuse = refuse
        self._by_user: dict[int, set[Outlet]] = {}
        self._fixed: set[Connection] = set()
        self._edited: set[int] = set()
        self._securities_changed = False
        self._wake = asyncio.Event()

    # -- Connections -------------------------------------------------------------------------

    def add(self, connection: Connection) -> None:
        """Follow a connection; until `begun`, changes are remembered for it."""
        if connection.identity is None:
            self._fixed.add(connection)
        else:
            self.look_after(connection)

    def look_after(self, outlet: Outlet) -> None:
        """Close a user's socket with the sign-in; only a `Connection` has a list to follow."""
        assert outlet.identity is not None
        self._by_user.setdefault(outlet.identity.user_id, set()).add(outlet)

    def begun(self, connection: Connection) -> None:
        """The connection has its list; catch up with what changed while it was read."""
        if connection.edited:
            connection.edited = False
            self.edited(connection.user_id) if connection.user_id else self.securities_changed()

    def of_user(self, user_id: int) -> list[Outlet]:
        """The user's sockets in this process."""
        return list(self._by_user.get(user_id, ()))

    def remove(self, outlet: Outlet) -> None:
        """Follow it no longer."""
        if outlet.identity is None:
            self._fixed.discard(outlet)
            return
        user_id = outlet.identity.user_id
        if others := self._by_user.get(user_id):
            others.discard(outlet)
            if not others:
                del self._by_user[user_id]

    # -- News --------------------------------------------------------------------------------

    def edited(self, user_id: int) -> None:
        """A user's list was edited."""
        if user_id in self._by_user:
            self._edited.add(user_id)
            self._wake.set()

    def session_ended(self, message: SessionEnded) -> None:
        """A user has signed out of one sign-in, or may not go on at all."""
        self._doubts.ended(message, self.of_user(message.user))

    def securities_changed(self) -> None:
        """Securities were activated, deactivated or loaded."""
        self._active.forget()
        self._securities_changed = True
        self._wake.set()

    def everything_may_have_changed(self) -> None:
        """News may have been lost."""
        self._edited.update(self._by_user)
        self._doubts.missed(chain.from_iterable(self._by_user.values()))
        self.securities_changed()

    async def run(self) -> None:
        """Work off the news, for ever; what fails is tried again."""
        await asyncio.gather(self._follow(), self._doubts.run())

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            users, self._edited = self._edited, set()
            securities, self._securities_changed = self._securities_changed, False
            try:
                if securities:
                    users.update(self._by_user)
                    await self._follow_fixed()
                await self._follow_users(list(users))
            except Exception as error:  # noqa: BLE001  Redis or Postgres is away: again soon
                log.warning("lists_not_followed", cause=error)
                self._edited |= users
                self._securities_changed |= securities
                self._wake.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow_users(self, users: list[int]) -> None:
        for start in range(0, len(users), _USERS_PER_READ):
            some = users[start : start + _USERS_PER_READ]
            outlets = chain.from_iterable(map(self.of_user, some))
            served = _served(each for each in outlets if isinstance(each, Connection))
            lists = await self._lists_of_users(some)
            followers = [(each, lists[each.user_id]) for each in served if each.user_id]
            lost = {t for c, tickers in followers for t in set(c.tickers).difference(tickers)}
            inactive = lost - await self._active_among(lost) if lost else set()
            for connection, tickers in followers:
                for ticker in sorted(inactive.intersection(connection.tickers)):
                    self._refuse(connection, ticker)
                await self._change(connection, tickers)

    async def _follow_fixed(self) -> None:
        served = _served(self._fixed)
        active, known = await self._active.all(), await self._active.known()
        gone: dict[tuple[str, ...], list[str]] = {}  # many have the same list
        async for part in in_breaths(served, at_a_time=_CHANGES_AT_A_TIME):
            for connection in part:
                tickers = connection.tickers
                if tickers not in gone:
                    gone[tickers] = [ticker for ticker in tickers if ticker not in known]
                for ticker in gone[tickers]:
                    self._refuse(connection, ticker)
                asked = connection.asked
                tickers = active if asked is None else tuple(t for t in asked if t in known)
                await self._change(connection, tickers)


def _served(connections: Iterable[Connection]) -> list[Connection]:
    """Those that have a list. Asked before lists are read: who comes then may know a newer one.

    Those still being added come back for what has changed (`Follower.begun`).
    """
    served = []
    for each in connections:
        if each.begun:
            served.append(each)
        else:
            each.edited = True
    return served
