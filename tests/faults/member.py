"""One client as docs/protocol.md wants it, which writes down what it hears and believes none."""

import time
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

MAX_PROBLEMS = 20


class Held(NamedTuple):
    """The newest that a client has of a ticker."""

    sequence: int
    price: Decimal | None


class Heard(NamedTuple):
    """What happened to a client, and when (monotonic seconds): `open`, `close`, or a frame."""

    at: float
    kind: str
    detail: Any = None
    """The close code, `stale_since` of a heartbeat, sequences by ticker of other frames."""

    def is_bad_news(self) -> bool:
        """Whether it says that prices are old."""
        return self.kind == "close" or (self.kind == "heartbeat" and self.detail is not None)


@dataclass
class Member:
    """What one client holds and has heard; `problems` is what no server may ever do."""

    name: str
    path: str
    token: str | None = None
    epoch: str = ""
    sequence: int = 0
    holds: dict[str, Held] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    """Of each `prices` frame: its age in seconds, counted from when its newest price was true."""
    is_open: bool = False
    is_stale: bool = False
    refused: int | None = None
    """The close code that said: do not come back."""

    # -- What happens to it ------------------------------------------------------------------

    def opened(self) -> None:
        self.is_open, self.is_stale = True, False
        self._note("open")

    def closed(self, code: int) -> None:
        self.is_open = False
        self._note("close", code)

    def take(self, frame: dict[str, Any]) -> None:
        """One frame of the server."""
        kind = frame.get("type", "nothing")
        match kind:
            case "welcome":
                self._welcome(frame["epoch"])
            case "snapshot":
                self._snapshot(frame)
            case "prices":
                self._advance(frame["sequence"])
                self._put(frame["quotes"])
                true_at = max(quote["updated_at"] for quote in frame["quotes"])
                self.lags.append(time.time() - true_at / 1000)
            case "watchlist":
                self._edit(frame)
            case "heartbeat":
                self.is_stale = frame["stale_since"] is not None
            case "pong":
                pass
            case _:
                self._problem(f"an unexpected frame: {frame}")
        quotes = {quote["ticker"]: quote["sequence"] for quote in frame.get("quotes", ())}
        self._note(kind, frame["stale_since"] if kind == "heartbeat" else quotes)

    # -- Questions ---------------------------------------------------------------------------

    @property
    def since(self) -> dict[str, Any] | None:
        """Where to go on after an interruption."""
        return {"epoch": self.epoch, "sequence": self.sequence} if self.epoch else None

    def knows_the_worst(self) -> bool:
        """Whether it could tell its user now that prices are old."""
        return self.is_stale or not self.is_open

    def lacks(self, committed: dict[str, Held]) -> list[str]:
        """What it does not hold, or wrongly, of the committed prices of its tickers."""
        if not self.is_open or not self.holds:
            return [f"{self.name} is not connected: {self._lately()}"]
        return [
            f"{self.name} lacks {ticker}: has {held}, committed is {newest}; {self._lately()}"
            for ticker, held in self.holds.items()
            if (newest := committed.get(ticker)) is not None
            and (held.sequence < newest.sequence or _contradicts(held, newest))
        ]

    def left_in_the_dark(self, *, since: float, limit_seconds: float) -> list[str]:
        """When it heard no price for longer than that, and was not told either."""
        knows, last, found = True, since, []  # before its first snapshot it has nothing to show
        for each in [*self.heard, Heard(time.monotonic(), "now")]:
            if each.at >= since and not knows and each.at - last > limit_seconds:
                found.append(f"{self.name}: no price for {each.at - last:.1f} s before {each.kind}")
            if each.is_bad_news():
                knows = True
            elif each.kind in {"snapshot", "prices"}:
                # A snapshot may be old; then the word that it is comes right behind it.
                knows, last = False, max(each.at, since)
        return found

    def was_told(self, *, since: float) -> bool:
        """Whether it has been told that prices are old, or has lost its socket."""
        return any(each.at >= since and each.is_bad_news() for each in self.heard)

    def sequences(self, ticker: str) -> list[int]:
        """Those that `prices` frames brought of a ticker, in their order."""
        frames = (each.detail for each in self.heard if each.kind == "prices")
        return [quotes[ticker] for quotes in frames if ticker in quotes]

    def longest_gap(self, *, since: float) -> float:
        """The longest time without a `prices` frame, until now."""
        times = [each.at for each in self.heard if each.kind == "prices" and each.at > since]
        return max(after - before for before, after in pairwise([since, *times, time.monotonic()]))

    # -- Keeping -----------------------------------------------------------------------------

    def _welcome(self, epoch: str) -> None:
        if epoch.partition(".")[0] != self.epoch.partition(".")[0]:
            self.holds.clear()
            self.sequence = 0
        self.epoch = epoch

    def _snapshot(self, frame: dict[str, Any]) -> None:
        self._advance(frame["sequence"])
        listed = frame.get("tickers", [quote["ticker"] for quote in frame["quotes"]])
        for ticker in self.holds.keys() - set(listed):
            del self.holds[ticker]
        self._put(frame["quotes"])
        if lost := set(listed) - self.holds.keys():
            self._problem(f"a snapshot of newer quotes without {sorted(lost)}, which it never had")

    def _edit(self, frame: dict[str, Any]) -> None:
        self.epoch = frame["epoch"]
        for ticker in frame["removed"]:
            self.holds.pop(ticker, None)
        self._put(frame["added"])

    def _advance(self, sequence: int) -> None:
        if sequence < self.sequence:
            self._problem(f"the sequence went from {self.sequence} back to {sequence}")
        self.sequence = sequence

    def _put(self, quotes: list[dict[str, Any]]) -> None:
        for quote in quotes:
            ticker, price = quote["ticker"], quote["price"]
            new = Held(quote["sequence"], None if price is None else Decimal(price))
            old = self.holds.get(ticker)
            if old is not None and new.sequence < old.sequence:
                self._problem(f"{ticker} went from {old} back to {new}")
            elif old is not None and _contradicts(old, new):
                self._problem(f"{ticker} is {old} and {new}")
            self.holds[ticker] = new

    def _problem(self, what: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{self.name}: {what}")

    def _note(self, kind: str, detail: Any = None) -> None:
        self.heard.append(Heard(time.monotonic(), kind, detail))

    def _lately(self) -> str:
        now = time.monotonic()
        return ", ".join(f"{kind} {now - at:.1f} s ago" for at, kind, _ in self.heard[-5:])


def _contradicts(one: Held, other: Held) -> bool:
    return one.sequence == other.sequence and one.price != other.price
