"""What is watched, in order: frames merged over what was there before."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

Frame = dict[str, Any]
Kind = Literal["snapshot", "prices", "watchlist"]


class Quote(TypedDict, total=False):
    """As docs/protocol.md has it; whole once it has been merged."""

    ticker: str
    price: str | None
    abs_change: str | None
    pct_change: str | None
    updated_at: int | None
    sequence: int
    name: str
    currency: str
    previous_close: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a frame brought: whole quotes that are new or newer, and the list if it changed."""

    kind: Kind
    quotes: tuple[Quote, ...]
    tickers: tuple[str, ...] | None = None
    removed: tuple[str, ...] = ()


class Quotes:
    """The newest quote of each watched ticker, and where to resume after them."""

    def __init__(self) -> None:
        self.tickers: tuple[str, ...] = ()
        self.is_known = False
        """Whether there was a snapshot, be it an empty one."""
        self._quotes: dict[str, Quote] = {}
        self._epoch: str | None = None
        self._sequence = 0

    @property
    def since(self) -> dict[str, Any] | None:
        """What to send with `auth` to get only what is newer."""
        if self._epoch is None:
            return None
        return {"epoch": self._epoch, "sequence": self._sequence}

    def get(self, ticker: str) -> Quote:
        return self._quotes[ticker]

    def apply(self, frame: Frame) -> Change | None:
        """None if nothing is different now, as after frames about other things."""
        match frame.get("type"):
            case "welcome":
                self._welcome(str(frame["epoch"]))
            case "snapshot":
                return self._snapshot(frame)
            case "prices":
                self._reached(frame)
                changed = self._merge(frame["quotes"])
                return Change("prices", changed) if changed else None
            case "watchlist":
                return self._edited(frame)
        return None

    def _welcome(self, epoch: str) -> None:
        """In another epoch sequences say nothing about those of this one."""
        if epoch == self._epoch:
            return
        self._epoch, self._sequence = epoch, 0
        for quote in self._quotes.values():
            quote["sequence"] = -1  # shown until the snapshot replaces it, older than anything

    def _snapshot(self, frame: Frame) -> Change | None:
        self._reached(frame)
        listed = frame.get("tickers", [quote["ticker"] for quote in frame["quotes"]])
        is_first, self.is_known = not self.is_known, True
        changed, before = self._merge(frame["quotes"]), self.tickers
        removed = self._list(listed)
        if not (is_first or changed or self.tickers != before):
            return None
        return Change("snapshot", changed, self.tickers, removed)

    def _edited(self, frame: Frame) -> Change | None:
        if "epoch" in frame:  # the list's new name; nothing has to be forgotten
            self._epoch = str(frame["epoch"])
        changed, before = self._merge(frame["added"]), self.tickers
        removed = self._list(frame["tickers"])
        if not changed and self.tickers == before:
            return None
        return Change("watchlist", changed, self.tickers, removed)

    def _merge(self, quotes: Iterable[Quote]) -> tuple[Quote, ...]:
        changed = []
        for new in quotes:
            old = self._quotes.get(new["ticker"], Quote())
            if new["sequence"] < old.get("sequence", -1):
                continue
            merged: Quote = {**old, **new}
            if merged != old:
                self._quotes[new["ticker"]] = merged
                changed.append(merged)
        return tuple(changed)

    def _list(self, tickers: Iterable[str]) -> tuple[str, ...]:
        self.tickers = tuple(ticker for ticker in tickers if ticker in self._quotes)
        gone = tuple(sorted(self._quotes.keys() - set(self.tickers)))
        for ticker in gone:
            del self._quotes[ticker]
        return gone

    def _reached(self, frame: Frame) -> None:
        self._sequence = max(self._sequence, frame["sequence"])
