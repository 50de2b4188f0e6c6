"""The peers' feed: a message for each ticker and tick, published by a client of ours.

Nothing is recorded, and there is no snapshot: the peers have the easier task.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from bench.crowd.dialects import Dialect, Quote
from bench.market.plan import Address, Guest, Opening, Plan
from bench.process import Pipe

Messages = Sequence[tuple[str, bytes]]
"""Tickers, and what is said of each."""

_encode = msgspec.json.Encoder().encode
_CONNECT_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Publisher(Protocol):
    """A connection to a peer's server."""

    def __init__(self, address: Address) -> None:
        """Connect. Raises OSError."""

    def publish(self, messages: Messages) -> None:
        """Publish them in order; returns when the server has taken them all."""


class Peer(NamedTuple):
    """How users connect to a peer, and how it is given prices."""

    path: Callable[[tuple[str, ...]], str]
    dialect: type[Dialect]
    publisher: type[Publisher]


def feed(peer: Peer, pipe: Pipe, plan: Plan, address: Address) -> None:
    """As `bench.market.feed.feed`, for a peer."""
    guests = [Guest(peer.path(each), None, each, peer.dialect) for each in plan.lists()]
    pipe.send(Opening(guests, {}))
    publisher: Publisher | None = None
    for quotes in ticks(plan.universe()):
        pipe.recv()
        publisher = publisher or _connected(peer.publisher, address)
        publisher.publish([(quote.ticker, _encode(quote)) for quote in quotes])
        pipe.send({quote.ticker: (quote.sequence, quote.price) for quote in quotes})


def ticks(universe: Sequence[str]) -> Iterator[list[Quote]]:
    """Tick after tick, in each of which every price moves."""
    sequence = 0
    while True:
        at = int(time.time() * 1000)
        quotes = []
        for ticker in universe:
            sequence += 1
            price = f"{187 + sequence % 100 / 100:.2f}"
            quotes.append(Quote(ticker, price, "4.50", "2.46", at, sequence))
        yield quotes


def _connected(publisher: type[Publisher], address: Address) -> Publisher:
    """Connect to a server that may listen at its other port already, and not yet at this one."""
    deadline = time.monotonic() + _CONNECT_SECONDS
    while True:
        try:
            return publisher(address)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
