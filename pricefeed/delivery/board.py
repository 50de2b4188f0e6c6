"""The newest quote of every ticker that somebody in this process watches.

Tickers have places (small integers). What a flush sends lies in one list by
place, so that a connection picks its share with one `operator.itemgetter` call:
a place that did not change holds an empty string.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from pricefeed.delivery.wire import WireQuote

_IDENTITY_BYTES = 6


class Board:
    """Quotes by place, how often each place is watched, and what changed since the last flush.

    `revision` counts the arrivals here that changed something. It, not the feed's sequence,
    says what a connection has missed: it follows the order in which quotes *arrived*.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.full_connections = 0  # the second list is kept only for those who read it
        self.deltas: list[str] = []
        self.fulls: list[str] = []
        self._places: dict[str, int] = {}
        self._tickers: list[str] = []
        self._quotes: list[WireQuote | None] = []
        self._watchers: list[int] = []
        self._changed_at: list[int] = []
        self._identified_at: list[int] = []
        self._identities: list[int] = []  # hashes; 0 without a quote
        self._changed: set[int] = set()
        self._identified: set[int] = set()
        self._free: list[int] = []

    # -- Places ------------------------------------------------------------------------------

    def hold(self, tickers: Iterable[str]) -> tuple[int, ...]:
        """Places for tickers that somebody begins to watch; each call wants its `release`."""
        places = tuple(map(self._place, tickers))
        for place in places:
            self._watchers[place] += 1
        return places

    def release(self, places: Iterable[int]) -> None:
        """Somebody stops watching; a place nobody watches stays until `drop_unwatched`."""
        for place in places:
            self._watchers[place] -= 1

    def unwatched(self) -> list[str]:
        """Tickers on the board that nobody watches any more."""
        return [ticker for ticker, place in self._places.items() if not self._watchers[place]]

    def drop(self, tickers: Iterable[str]) -> None:
        """Forget unwatched tickers. Only between flushes: their places are given to others."""
        for ticker in tickers:
            place = self._places.get(ticker)
            if place is not None and not self._watchers[place]:
                del self._places[ticker]
                self._quotes[place] = None
                self._identities[place] = 0
                self._changed.discard(place)
                self._identified.discard(place)
                self.deltas[place] = self.fulls[place] = ""
                self._free.append(place)

    def _place(self, ticker: str) -> int:
        place = self._places.get(ticker)
        if place is not None:
            return place
        if self._free:
            place = self._free.pop()
            self._tickers[place] = ticker
        else:
            place = len(self._tickers)
            self._tickers.append(ticker)
            self._quotes.append(None)
            self._watchers.append(0)
            self.deltas.append("")
            self.fulls.append("")
            self._changed_at.append(0)
            self._identified_at.append(0)
            self._identities.append(0)
        self._places[ticker] = place
        return place

    # -- Quotes ------------------------------------------------------------------------------

    def put(self, *arrived: WireQuote) -> None:
        """Take quotes that arrived together, except of tickers that are not here.

        Left out is also what is here already, or older than what is.
        """
        places, quotes, deltas, fulls = self._places, self._quotes, self.deltas, self.fulls
        changed, changed_at, identified = self._changed, self._changed_at, self._identified
        revision = self.revision + 1
        for quote in arrived:
            place = places.get(quote.ticker)
            if place is None:
                continue
            old = quotes[place]
            is_new_identity = old is None or old.identity != quote.identity
            if old is not None and quote.sequence <= old.sequence:
                is_renamed = quote.sequence == old.sequence and is_new_identity
                if not is_renamed:
                    continue
            self.revision = changed_at[place] = revision
            quotes[place] = quote
            changed.add(place)
            if is_new_identity:
                self._identify(place, quote)
                identified.add(place)
            deltas[place] = "," + (quote.full if place in identified else quote.delta)
            if self.full_connections:
                fulls[place] = "," + quote.full

    def load(self, quote: WireQuote) -> None:
        """Take the first quote of a ticker just joined: it is in snapshots, and no news to send.

        It is news to who watched the ticker before, left it and came back to it unable to read.
        """
        place = self._places.get(quote.ticker)
        if place is not None and self._quotes[place] is None:
            self.revision += 1
            self._quotes[place] = quote
            self._changed_at[place] = self.revision
            self._identify(place, quote)
        else:
            self.put(quote)

    def _identify(self, place: int, quote: WireQuote) -> None:
        self._identified_at[place] = self.revision
        name = f"{quote.ticker} {quote.identity}".encode()
        hashed = blake2b(name, digest_size=_IDENTITY_BYTES).digest()
        self._identities[place] = int.from_bytes(hashed)

    @property
    def has_changes(self) -> bool:
        """Whether a flush would send anything."""
        return bool(self._changed)

    def flushed(self) -> None:
        """Everybody who can be written to has what changed."""
        for place in self._changed:
            self.deltas[place] = self.fulls[place] = ""
        self._changed.clear()
        self._identified.clear()

    def forget_quotes(self) -> None:
        """Another epoch has begun: sequences start anew."""
        self._quotes = [None] * len(self._quotes)
        self._identities = [0] * len(self._identities)
        self.flushed()

    # -- Views -------------------------------------------------------------------------------

    def quoted(self, tickers: tuple[str, ...], places: Iterable[int]) -> tuple[str, ...]:
        """A list without the tickers that have no quote; the same one if all have.

        A security that let go of its ticker leaves such a place until lists are read again.
        """
        quotes = [self._quotes[place] for place in places]
        if None not in quotes:
            return tickers
        return tuple(ticker for ticker, quote in zip(tickers, quotes, strict=True) if quote)

    def identity(self, places: Iterable[int]) -> str:
        """What the quotes at these places are called, in whatever order; good for comparing alone.

        The same in every process: the sum of their names' hashes, in hexadecimal.
        """
        hashed = sum(map(self._identities.__getitem__, places)) % 256**_IDENTITY_BYTES
        return f"{hashed:0{2 * _IDENTITY_BYTES}x}"

    def whole(self, places: Iterable[int], *, after_sequence: int = -1) -> list[str]:
        """Whole quotes at these places, those newer than a sequence."""
        quotes = self._quotes
        return [
            quote.full
            for place in places
            if (quote := quotes[place]) is not None and quote.sequence > after_sequence
        ]

    def missed(self, places: Sequence[int], revision: int, *, full: bool) -> list[str]:
        """What changed at these places after a revision: the newest of each, never a queue."""
        return [
            quote.full if full or self._identified_at[place] > revision else quote.delta
            for place in places
            if self._changed_at[place] > revision and (quote := self._quotes[place]) is not None
        ]
