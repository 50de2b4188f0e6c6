"""The active tickers as this process knows them: anybody may ask for some, or for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from pricefeed.delivery.gathered import Gathered

_LOOKED_FOR_AT_ONCE = 1000


class ActiveTickers:
    """Read once, and once more after each change; one list, shared by all who ask for it.

    A ticker that is not on it is looked for in the database before it counts as unknown: the
    word that it is there now may still be on its way.
    """

    def __init__(
        self,
        *,
        read: Callable[[], Awaitable[tuple[str, ...]]],
        among: Callable[[Collection[str]], Awaitable[set[str]]],
    ) -> None:
        self._read = read
        self._among = among
        self._exists = Gathered(self._exist, at_most=_LOOKED_FOR_AT_ONCE)
        self._reading = asyncio.Lock()
        self._tickers: tuple[str, ...] | None = None
        self._known: frozenset[str] = frozenset()
        self._changes = 0

    def forget(self) -> None:
        """Some were activated, deactivated or added."""
        self._changes += 1
        self._tickers = None

    async def all(self) -> tuple[str, ...]:
        """Every active ticker, sorted. Raises what Postgres raises when it is away."""
        async with self._reading:
            while self._tickers is None:
                changes, found = self._changes, await self._read()
                if changes == self._changes:  # else it may be what was before
                    self._tickers, self._known = found, frozenset(found)
            return self._tickers

    async def known(self) -> frozenset[str]:
        """The same, to look one up."""
        await self.all()
        return self._known

    async def are_all(self, tickers: Collection[str]) -> bool:
        """Whether each of these is an active one."""
        missing = set(tickers) - await self.known()
        return all(await asyncio.gather(*map(self._exists.get, missing)))

    async def _exist(self, tickers: Sequence[str]) -> dict[str, bool]:
        found = await self._among(tickers)
        return {ticker: ticker in found for ticker in tickers}
