"""Which tickers' groups this process has joined, and their newest quotes on the board."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from pricefeed.delivery.board import Board
from pricefeed.delivery.groups import price_group
from pricefeed.delivery.latest import LatestReader, Mark
from pricefeed.delivery.layer import BatchedChannelLayer
from pricefeed.delivery.wire import WireQuote

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_LEAVE_SECONDS = 10.0

QuotesFromDatabase = Callable[[Sequence[str]], Awaitable[list[WireQuote]]]
Take = Callable[[Sequence[WireQuote], Mark | None], Awaitable[None]]


class Membership:
    """Joins a ticker's group with its first local watcher and leaves some time after its last.

    A ticker is subscribed first and read afterwards, so no change falls between.
    """

    def __init__(
        self,
        *,
        board: Board,
        layer: BatchedChannelLayer,
        channel: str,
        latest: LatestReader,
        quotes_from_database: QuotesFromDatabase,
    ) -> None:
        self._board = board
        self._layer = layer
        self._channel = channel
        self._latest = latest
        self._quotes_from_database = quotes_from_database
        self._joined: set[str] = set()  # those whose quote is on the board, too
        self._wanted: dict[str, None] = {}  # by those who wait for the lock, in order
        self._lock = asyncio.Lock()

    async def hold(self, tickers: Sequence[str]) -> tuple[int, ...]:
        """Places of tickers whose quotes are on the board when this returns.

        Each call wants a `Board.release`. Raises what Redis raises; nothing is held then.
        """
        places = self._board.hold(tickers)
        if not self._joined.issuperset(tickers):
            try:
                await self._join(tickers)
            except BaseException:
                self._board.release(places)
                raise
        return places

    async def _join(self, tickers: Sequence[str]) -> None:
        self._wanted.update(dict.fromkeys(tickers))
        async with self._lock:  # who waits here will mostly find its tickers joined by others
            wanted, self._wanted = {**self._wanted, **dict.fromkeys(tickers)}, {}
            new = [ticker for ticker in wanted if ticker not in self._joined]
            if not new:
                return
            await self._layer.group_add_many(map(price_group, new), self._channel)
            for quote in await self._read(new):
                self._board.load(quote)
                self._joined.add(quote.ticker)

    async def read_again(self, *, take: Take) -> None:
        """Give the newest quotes of all joined tickers to `take`: messages were lost.

        And with them what had been published by then, if Redis knows. Tries until it answers.
        """
        while True:
            async with self._lock:  # not amid a join, which may have read a quote of the old epoch
                try:
                    mark = await self._latest.mark()
                    quotes = await self._read(list(self._joined))
                except Exception as error:  # noqa: BLE001  Redis, or Postgres behind it, is away
                    log.warning("quotes_not_read", cause=error)
                else:
                    self._joined.intersection_update(quote.ticker for quote in quotes)
                    await take(quotes, mark)
                    return
            await asyncio.sleep(_RETRY_SECONDS)

    async def keep_leaving(self, *, writing: asyncio.Lock) -> None:
        """Leave the groups of tickers without watchers, now and then, for ever.

        Not while the board is flushed, which is when somebody holds `writing` (`Board.drop`).
        """
        while True:
            await asyncio.sleep(_LEAVE_SECONDS)
            if not writing.locked():
                await self.leave_unwatched()

    async def leave_unwatched(self) -> None:
        """Leave them now; only between flushes. The board has dropped them before this waits."""
        if self._lock.locked():
            return
        async with self._lock:
            left = self._board.unwatched()
            if not left:
                return
            self._joined.difference_update(left)
            self._board.drop(left)
            try:
                await self._layer.group_discard_many(map(price_group, left), self._channel)
            except Exception as error:  # noqa: BLE001  leaving can wait until Redis is back
                log.warning("groups_not_left", cause=error)

    async def _read(self, tickers: Sequence[str]) -> list[WireQuote]:
        quotes, named_by = await self._latest.read(tickers)
        missing = set(tickers) - {quote.ticker for quote in quotes}
        if missing:
            stored = await self._quotes_from_database(sorted(missing))
            await self._latest.fill(stored, named_by=named_by)
            quotes += stored
        return quotes
