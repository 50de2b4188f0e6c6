"""One socket as the hub sees it: what it watches, and what it has been told.

Memory is bounded by the watchlist: a connection that does not read keeps one
frame in its server's buffer, one waiting, and a revision number, from which the
newest value of everything it missed is put together once it reads again.
"""

from collections.abc import Callable, Collection
from functools import lru_cache
from operator import itemgetter
from typing import Any

from pricefeed.delivery.board import Board
from pricefeed.delivery.figures import PRICES, WATCHLIST
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.outlet import Outlet, Send
from pricefeed.delivery.writer import Writer

Pick = Callable[[list[str]], Any]


def _nothing(_: list[str]) -> tuple[str, ...]:
    return ()


@lru_cache(maxsize=16)
def _shared(places: tuple[int, ...]) -> tuple[tuple[int, ...], Pick]:
    """Places and how to pick from them; those who watch the same thousands share both."""
    return places, itemgetter(*places) if places else _nothing


class Connection(Outlet):
    """State of a socket that gets prices."""

    __slots__ = (
        "asked",
        "begun",
        "edited",
        "full",
        "pick",
        "places",
        "revision",
        "tickers",
        "told",
        "user_id",
    )

    def __init__(
        self,
        send: Send,
        *,
        writer: Writer | None = None,
        identity: Identity | None = None,
        asked: tuple[str, ...] | None = None,
        full: bool = False,
        on_free: Callable[["Connection"], None],
    ) -> None:
        kind = PRICES if identity is None else WATCHLIST
        super().__init__(send, kind=kind, writer=writer, identity=identity, on_free=on_free)
        self.user_id = identity.user_id if identity is not None else None
        self.full = full
        self.revision = 0
        self.begun = False  # it has its list and is served
        self.edited = False  # its list changed while it was being added
        self.asked = asked  # a fixed choice of tickers; None follows a list
        self.tickers: tuple[str, ...] = ()
        self.told: tuple[str, ...] | None = None  # what the client knows; None: owes a snapshot
        self.places: tuple[int, ...] = ()
        self.pick: Pick = _nothing

    def watch(self, tickers: tuple[str, ...], places: tuple[int, ...]) -> None:
        """From now on these are watched; their places are held on the board."""
        self.tickers = tickers
        self.places, self.pick = _shared(places)

    def behind(self, board: Board, *, besides: Collection[int] = ()) -> list[str]:
        """The newest of everything that changed since this connection's last write.

        `besides`: places of which it has been told in another way.
        """
        places = (
            [place for place in self.places if place not in besides] if besides else self.places
        )
        return board.missed(places, self.revision, full=self.full)
