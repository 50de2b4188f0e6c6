"""What each connection is told: welcome and snapshot, edits of its list, prices, heartbeats.

Everything is put together from the board at the moment of writing, so a client that
was away or did not read gets the newest values, each once.
"""

import time
from collections.abc import Iterable

from pricefeed.delivery import close_codes, turns, wire
from pricefeed.delivery.board import Board
from pricefeed.delivery.breaths import in_breaths
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.latest import Mark
from pricefeed.delivery.outlet import Outlet
from pricefeed.delivery.protocol import HEARTBEAT_SECONDS, Since


def welcome(epoch: str, **more: int) -> str:
    """A `welcome` frame."""
    return wire.frame("welcome", protocol=1, epoch=epoch, heartbeat=HEARTBEAT_SECONDS, **more)


class Teller:
    """Writes to connections what they lack.

    `mark`: everything up to it is on the board, and has been sent or is just being sent.
    `stale_since`: the time (milliseconds) of the last sign of the feed while it is silent, else
    None. `delayed_since`: since when the feed's source has been in trouble, in its own words.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.mark = Mark("", 0)
        self.stale_since: int | None = None
        self.delayed_since: int | None = None

    def greet(self, connection: Connection, since: Since | None = None) -> None:
        """Welcome and snapshot, as a single write.

        Who comes back to the list it left gets only the quotes newer than `since`; the
        list itself then says that these are not all.
        """
        board, places, mark = self._board, connection.places, self.mark
        epoch = self._epoch_of(connection)
        connection.told = board.quoted(connection.tickers, places)
        connection.revision = board.revision
        if since is not None and since.epoch == epoch and 0 < since.sequence <= mark.sequence:
            newer = board.whole(places, after_sequence=since.sequence)
            snapshot = wire.snapshot_frame(mark.sequence, newer, tickers=connection.told)
        else:
            snapshot = wire.snapshot_frame(mark.sequence, board.whole(places))
        connection.write_together(welcome(epoch), snapshot, *self.complaints())

    async def greet_anew(self, connections: Iterable[Connection]) -> None:
        """Welcome and snapshot to each once more: sequences have begun anew."""
        known = list(connections)
        for connection in known:  # first: who is written to meanwhile is greeted as well
            connection.told = None
        async for part in in_breaths(known):
            for connection in part:
                self.bring_up_to_date(connection)

    @property
    def is_well(self) -> bool:
        """Whether the feed runs and its source answers, as far as we know."""
        return self.stale_since is None and self.delayed_since is None

    def complaints(self) -> list[str]:
        """For who has just come: a heartbeat, while the feed or its source is in trouble."""
        return [] if self.is_well else [self.heartbeat()]

    def bring_up_to_date(self, connection: Connection) -> None:
        """Write all that a connection lacks; stops where its socket is full."""
        if connection.blocked or connection.closed:
            return
        if connection.told is None:
            self.greet(connection)
            return
        added: list[int] = []
        if connection.told is not connection.tickers:
            added = self._tell_edit(connection, connection.told)
        if not connection.blocked and connection.revision < self._board.revision:
            quotes = connection.behind(self._board, besides=added)
            connection.revision = self._board.revision
            if quotes:
                connection.write(wire.prices_frame(self.mark.sequence, ",".join(quotes)))

    async def tell_changes(self, connections: Iterable[Connection]) -> None:
        """One frame to each connection that watches something that changed since the last flush.

        A heartbeat that is soon due goes along, unless it would complain: whether trouble is
        over is known only when all prices have gone out.
        Lets other work in between; who joins or leaves meanwhile is up to date anyway.
        """
        board, revision = self._board, self._board.revision
        head, tail = wire.prices_head(self.mark.sequence), wire.PRICES_TAIL
        join, fulls, deltas = "".join, board.fulls, board.deltas
        heartbeat, now = self.heartbeat(), turns.round_now()
        early = now + turns.EARLY_ROUNDS if self.is_well else 0  # by then nobody's is due
        async for part in in_breaths(connections):
            for connection in part:
                if connection.blocked or connection.closed or connection.revision >= revision:
                    continue
                if connection.told is not connection.tickers:
                    self.bring_up_to_date(connection)
                    continue
                connection.revision = revision
                quotes = join(connection.pick(fulls if connection.full else deltas))
                if not quotes:
                    continue
                prices = f"{head}{quotes[1:]}{tail}"
                if connection.heartbeat_by > early:
                    connection.write(prices)
                else:
                    connection.heartbeat_by = now + turns.HEARTBEAT_ROUNDS
                    connection.write_together(prices, heartbeat)

    async def tell_heartbeat(self, outlets: Iterable[Outlet]) -> None:
        """A heartbeat to each, with a ping to those whose turn that is.

        Who can take none now is due until it can: it may have been trouble that was told.
        """
        text, now = self.heartbeat(), turns.round_now()
        async for part in in_breaths(outlets):
            for outlet in part:
                if outlet.closed:
                    continue
                if outlet.blocked:
                    outlet.heartbeat_by = now
                    continue
                outlet.heartbeat_by = now + turns.HEARTBEAT_ROUNDS
                if outlet.ping_at > now:
                    outlet.write(text)
                else:
                    outlet.ping_at = now + turns.PING_ROUNDS
                    outlet.ask(text)

    def _tell_edit(self, connection: Connection, told: tuple[str, ...]) -> list[int]:
        """The list may be another one, or in another order, than the client knows.

        A ticker that no security has just now is on it with its next quote.
        Returns the places of what was added, whose newest quotes the client has then.
        """
        connection.told = tickers = self._board.quoted(connection.tickers, connection.places)
        if told == tickers:
            return []
        if connection.asked and not told:  # all that it asked for was gone, and is another's now
            self.greet(connection)
            return []
        known = set(told)
        added = [
            place
            for ticker, place in zip(connection.tickers, connection.places, strict=True)
            if ticker not in known
        ]
        connection.write(
            wire.watchlist_frame(
                epoch=self._epoch_of(connection),
                tickers=tickers,
                added=self._board.whole(added),
                removed=sorted(known.difference(tickers)),
            )
        )
        return added

    def refuse(self, connection: Connection, ticker: str) -> None:
        """A watched security is no longer active: say so, or close who watched nothing else."""
        if connection.asked == (ticker,):
            connection.close(close_codes.UNKNOWN_TICKER)
        elif not connection.blocked and not connection.closed:
            message = f"{ticker} is no longer active, or has another ticker now."
            connection.write(
                wire.frame("error", code="security_inactive", message=message, ticker=ticker)
            )

    def heartbeat(self) -> str:
        """A `heartbeat` frame."""
        return wire.frame(
            "heartbeat",
            sequence=self.mark.sequence,
            at=int(time.time() * 1000),
            stale_since=self.stale_since,
            delayed_since=self.delayed_since,
        )

    def _epoch_of(self, connection: Connection) -> str:
        """The life of the counter; for a user also the list that its numbers are told for.

        Who comes back to another list than the one it left gets a whole snapshot: a
        security that was added or renamed meanwhile need not have a newer price.
        """
        if connection.user_id is None:
            return self.mark.epoch
        return f"{self.mark.epoch}.{self._board.identity(connection.places)}"
