"""The hub: one per server process, between the channel layer and this process's sockets.

It joins the group of each ticker that somebody here watches, keeps the newest
quotes on a board, and after each tick writes one frame to every connection that
watches something that changed. Delivery is newest-value: in order per ticker,
sequences never go backwards, intermediate prices may be skipped.

A lost message is noticed by the marks that the publisher sends: each names the
mark before it. Where that does not fit, the hub reads the newest quotes from
Redis before it takes the next ones, so nothing stays lost longer than a period.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from pricefeed.delivery import leaving
from pricefeed.delivery.active import ActiveTickers
from pricefeed.delivery.anomalies import Announcer, AnomalyOutlet
from pricefeed.delivery.background import Background
from pricefeed.delivery.board import Board
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.feeders import FeederOutlet, Feeders
from pricefeed.delivery.follower import Follower
from pricefeed.delivery.gathered import Gathered
from pricefeed.delivery.groups import common_groups
from pricefeed.delivery.identity import TokenRefused
from pricefeed.delivery.latest import LatestReader, Mark
from pricefeed.delivery.layer import BatchedChannelLayer
from pricefeed.delivery.membership import Membership
from pricefeed.delivery.messages import (
    AnomaliesFound,
    FeedMark,
    PriceChanged,
    SecuritiesChanged,
    SessionEnded,
    WatchlistEdited,
    decode,
)
from pricefeed.delivery.outlet import Outlet
from pricefeed.delivery.protocol import Since
from pricefeed.delivery.reads import Reads
from pricefeed.delivery.rounds import Rounds
from pricefeed.delivery.teller import Teller
from pricefeed.delivery.wire import WireQuote

_REST_OF_TICK_SECONDS = 0.25
_USERS_AT_A_TIME = 500


class HubStopped(Exception):
    """There is no hub here any more, or not this one; another will serve whoever asks."""


class _Flush:
    """To ourselves: the rest of the tick did not come."""


class _Recover:
    """To ourselves: messages may have been lost."""


class Hub:
    """Fans committed quotes out to this process's connections.

    `stale_seconds`: without a sign of the feed for that long, clients are told.
    """

    def __init__(
        self,
        *,
        layer: BatchedChannelLayer,
        latest: LatestReader,
        reads: Reads,
        stale_seconds: float,
    ) -> None:
        self._layer = layer
        self._latest = latest
        self._reads = reads
        self._stale_seconds = stale_seconds
        self._lists = Gathered(reads.lists_of_living, at_most=_USERS_AT_A_TIME)
        self._board = Board()
        self._teller = Teller(self._board)
        self._connections: dict[Connection, None] = {}
        self._background = Background(on_failure=self._fail)
        self.has_failed = False
        self.announcer = Announcer(
            reads=reads.anomalies,
            epoch=lambda: self._teller.mark.epoch,
            background=self._background,
        )
        self.active = ActiveTickers(read=reads.active_tickers, among=reads.active_among)
        self._follower = Follower(
            lists_of_users=reads.lists_of_users,
            active=self.active,
            active_among=reads.active_among,
            living=reads.living,
            change=self._change,
            refuse=self._teller.refuse,
        )
        self.feeders = Feeders(teller=self._teller, follower=self._follower, living=reads.living)
        self._writing = asyncio.Lock()
        self._rest_timer: asyncio.TimerHandle | None = None

    # -- Life --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect to the layer and begin; raises what Redis raises when it is away, and ends."""
        self._channel = await self._layer.new_channel()
        self._layer.read_as(self._channel, decode)
        try:
            await self._begin_following()
        except BaseException:
            await self.stop()
            raise

    async def _begin_following(self) -> None:
        self._membership = Membership(
            board=self._board,
            layer=self._layer,
            channel=self._channel,
            latest=self._latest,
            quotes_from_database=self._reads.quotes,
        )
        self._rounds = Rounds(
            outlets=self._everybody,
            teller=self._teller,
            writing=self._writing,
            stale_seconds=self._stale_seconds,
        )
        self._layer.on_reconnect(self._reconnected)
        await self._layer.group_add_many(common_groups(), self._channel)
        self._teller.mark = await self._latest.mark() or await self._reads.mark()
        if sign := await self._latest.sign():
            self._rounds.resume(sign)
        for loop in (self._receive, self._rounds.run, self._follower.run, self.announcer.run):
            self._background.run(loop())
        self._background.run(self._membership.keep_leaving(writing=self._writing))

    async def send_away(self, *, until: Callable[[], float]) -> None:
        """Close every connection in its turn, the last at `until()`; the others go on meanwhile."""
        await leaving.send_away(self._everybody(), until=until)

    async def stop(self) -> None:
        """Close who is left, and end."""
        leaving.close_now(list(self._everybody()))
        await self._background.stop()
        await self._layer.drop_channel(self._channel)
        await self._latest.close()

    def _fail(self) -> None:
        """Something went wrong that nobody foresaw: another hub takes over (see `running`).

        Everybody is sent to it. Deaf, but with its sockets open, would be worse.
        """
        if not self.has_failed:
            self.has_failed = True
            leaving.close_now(list(self._everybody()))
            self._stopping = asyncio.ensure_future(self.stop())

    def _everybody(self) -> Iterator[Outlet]:
        """Every socket, whatever it was opened for."""
        return chain(self._connections, self.announcer.outlets, self.feeders.outlets)

    # -- Connections -------------------------------------------------------------------------

    async def follow(self, connection: Connection) -> tuple[str, ...]:
        """What it is to be served with: a user's watchlist, or the tickers that it asked for.

        Or every active one. From now on it is followed what becomes of them. Raises TokenRefused.
        """
        self._follower.add(connection)  # first: what changes during the reading is followed
        if connection.identity is None:
            return connection.asked or await self.active.all()
        tickers = await self._lists.get(connection.identity)
        if tickers is None:
            raise TokenRefused(is_expired=False)
        return tickers

    async def serve(
        self, connection: Connection, tickers: tuple[str, ...], since: Since | None
    ) -> None:
        """Begin with welcome and snapshot; `tickers` is what `follow` has returned."""
        self._refuse_if_failed()
        places = await self._membership.hold(tickers)
        if connection.closed:
            self._board.release(places)
            return
        self._refuse_if_failed()
        connection.begun = True
        self._connections[connection] = None
        self._board.full_connections += connection.full
        connection.watch(tickers, places)
        self._teller.greet(connection, since)
        self._follower.begun(connection)

    async def add_anomalies(self, outlet: AnomalyOutlet, since: int | None) -> None:
        """Serve anomalies, those after an id first (see `Announcer.add`)."""
        await self.announcer.add(outlet, since)
        self._refuse_if_failed()

    def welcome_feeder(self, outlet: FeederOutlet) -> None:
        """From now on it is told of the feed, and closed when its time is up; see `feeders.add`."""
        self._refuse_if_failed()
        self.feeders.welcome(outlet)

    def count_of(self, user_id: int) -> int:
        """How many sockets a user has here."""
        return len(self._follower.of_user(user_id))

    def remove(self, connection: Connection) -> None:
        """The connection has ended; harmless if it never began."""
        connection.gone()
        self._follower.remove(connection)
        if connection in self._connections:
            del self._connections[connection]
            self._board.release(connection.places)
            self._board.full_connections -= connection.full

    def _refuse_if_failed(self) -> None:
        """For who came before and was not there yet when everybody was sent to another hub."""
        if self.has_failed:
            raise HubStopped

    async def _change(self, connection: Connection, tickers: tuple[str, ...]) -> None:
        """The connection's list is another one now."""
        if connection.closed or tickers == connection.tickers:
            return
        places = await self._membership.hold(tickers)
        if connection.closed:
            self._board.release(places)
            return
        self._board.release(connection.places)
        connection.watch(tickers, places)
        self.bring_up_to_date(connection)

    def bring_up_to_date(self, connection: Connection) -> None:
        """Write all that a connection lacks, newest values only: its socket has room again."""
        self._teller.bring_up_to_date(connection)

    # -- Prices ------------------------------------------------------------------------------

    async def _receive(self) -> None:
        """The only place that changes the board and flushes it, so the two never interleave."""
        handlers: dict[Any, Callable[[Any], Awaitable[None] | None]] = {
            FeedMark: self._on_mark,
            WatchlistEdited: lambda message: self._follower.edited(message.user),
            SecuritiesChanged: lambda _: self._follower.securities_changed(),
            SessionEnded: self._follower.session_ended,
            AnomaliesFound: lambda _: self.announcer.wake(),
            _Flush: lambda _: self._flush(),
            _Recover: lambda _: self._recover(),
        }
        board = self._board
        while True:
            quotes: list[WireQuote] = []
            for message in await self._layer.receive_many(self._channel):
                if type(message) is PriceChanged:
                    quotes.append(message.quote)
                    continue
                board.put(*quotes)  # first what came first
                quotes.clear()
                waits = handlers[type(message)](message)
                if waits is not None:
                    await waits
            board.put(*quotes)
            if board.has_changes and self._rest_timer is None:
                # The rest of the tick comes with the next publish; do not wait for it forever.
                self._rest_timer = asyncio.get_running_loop().call_later(
                    _REST_OF_TICK_SECONDS, self._tell_receiver, _Flush()
                )

    def _tell_receiver(self, message: "_Flush | _Recover") -> None:
        self._layer.hand_to(self._channel, [message])

    async def _on_mark(self, message: FeedMark) -> None:
        self._rounds.heard()
        if message.epoch != self._teller.mark.epoch:
            await self._begin_epoch(message.epoch)
        elif not message.done and message.sequence > self._teller.mark.sequence:
            await self._read_again()  # told when this run has come
        if message.done:
            await self._flush(upto=message.sequence)
            await self._rounds.call_live(delayed_since=message.delayed_since)

    async def _begin_epoch(self, epoch: str) -> None:
        """Another life of the counter: everybody gets a new welcome and a whole snapshot."""

        async def take(quotes: Sequence[WireQuote], published: Mark | None) -> None:
            async with self._writing:  # not amid heartbeats that name the old one's sequence
                # All at once: sequences of the two say nothing of each other.
                self._board.forget_quotes()
                self._board.put(*quotes)
                self._teller.mark = Mark(epoch, _upto(published, epoch))
                await self._teller.greet_anew(self._connections)

        await self._membership.read_again(take=take)
        self.announcer.wake()

    async def _flush(self, *, upto: int = 0) -> None:
        """One frame to each connection that watches something that changed.

        Then everything up to that sequence has been sent. It counts from here on, and not
        from before: a heartbeat that waits to be sent would say so too early.
        """
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None
        async with self._writing:
            mark = self._teller.mark
            self._teller.mark = Mark(mark.epoch, max(mark.sequence, upto))
            try:
                await self._teller.tell_changes(self._connections)
            finally:
                self._board.flushed()

    # -- Faults ------------------------------------------------------------------------------

    def _reconnected(self) -> None:
        """The link to Redis is back: prices and edits may have been missed."""
        self._follower.everything_may_have_changed()
        self.announcer.wake()
        self._tell_receiver(_Recover())

    async def _recover(self) -> None:
        await self._flush(upto=await self._read_again())

    async def _read_again(self) -> int:
        """Up to which sequence of this epoch everything is on the board then."""
        upto = 0

        async def take(quotes: Sequence[WireQuote], published: Mark | None) -> None:
            nonlocal upto
            self._board.put(*quotes)
            upto = _upto(published, self._teller.mark.epoch)

        await self._membership.read_again(take=take)
        return upto


def _upto(mark: Mark | None, epoch: str) -> int:
    return mark.sequence if mark is not None and mark.epoch == epoch else 0
