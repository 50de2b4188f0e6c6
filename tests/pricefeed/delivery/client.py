"""A client as `docs/protocol.md` describes it, on the other end of a hub's connection."""

import asyncio
import json
import math
from dataclasses import dataclass
from typing import Any

from pricefeed.delivery.connection import Connection
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.protocol import Since
from tests.asyncapi import check_frame

WAIT_SECONDS = 15.0


@dataclass(frozen=True)
class SignedIn:
    """Who a client is."""

    user_id: int
    family: str = "f"
    expires_at: float = math.inf


class Client:
    """Applies every frame as it comes; refuses a sequence that goes backwards.

    `stall` makes its socket take nothing until `read_on`.
    """

    def __init__(self, *, known: "Client | None" = None) -> None:
        self.quotes: dict[str, dict[str, Any]] = {} if known is None else dict(known.quotes)
        self.epoch = "" if known is None else known.epoch
        self.sequence = 0 if known is None else known.sequence
        self.frames: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self._writable = asyncio.Event()
        self._writable.set()
        self._news = asyncio.Condition()

    async def join(
        self,
        hub: Hub,
        *,
        user_id: int | None = None,
        asked: tuple[str, ...] | None = None,
        since: Since | None = None,
        full: bool = False,
        expires_at: float = math.inf,
    ) -> None:
        self.connection = Connection(
            self.send,
            identity=None if user_id is None else SignedIn(user_id, expires_at=expires_at),
            asked=asked,
            full=full,
            on_free=hub.bring_up_to_date,
        )
        await hub.serve(self.connection, await hub.follow(self.connection), since)

    @property
    def since(self) -> Since:
        """What this client would come back with."""
        return Since(self.epoch, self.sequence)

    @property
    def prices(self) -> dict[str, str | None]:
        return {ticker: quote["price"] for ticker, quote in self.quotes.items()}

    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    def stall(self) -> None:
        self._writable.clear()

    def read_on(self) -> None:
        self._writable.set()

    async def send(self, message: dict[str, Any]) -> None:
        """What uvicorn would be: waits while the socket takes nothing."""
        if message["type"] == "websocket.close":
            self.close_code, self.close_reason = message["code"], message["reason"]
        else:
            if not self._writable.is_set():
                await self._writable.wait()
            self._apply(json.loads(message["text"]))
        asyncio.ensure_future(self._notify())  # noqa: RUF006  ends at once

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, condition: Any) -> None:
        """Wait for frames until the condition holds."""
        async with asyncio.timeout(WAIT_SECONDS), self._news:
            await self._news.wait_for(condition)

    async def until_prices(self, **prices: str) -> None:
        """Wait until these are the prices known, among others."""
        await self.until(lambda: prices.items() <= self.prices.items())

    def _apply(self, frame: dict[str, Any]) -> None:
        check_frame(frame)
        self.frames.append(frame)
        match frame["type"]:
            case "welcome":
                if frame["epoch"] != self.epoch:
                    self.quotes, self.epoch, self.sequence = {}, frame["epoch"], 0
            case "snapshot":
                kept = set(frame.get("tickers", ()))
                self.quotes = {t: q for t, q in self.quotes.items() if t in kept}
                self._merge(frame["quotes"])
                order = frame.get("tickers") or [q["ticker"] for q in frame["quotes"]]
                self.quotes = {ticker: self.quotes[ticker] for ticker in order}
                self._advance(frame["sequence"])
            case "prices":
                assert {quote["ticker"] for quote in frame["quotes"]} <= self.quotes.keys()
                self._merge(frame["quotes"])
                self._advance(frame["sequence"])
            case "watchlist":
                self.epoch = frame["epoch"]
                for ticker in frame["removed"]:
                    del self.quotes[ticker]
                self._merge(frame["added"])
                self.quotes = {ticker: self.quotes[ticker] for ticker in frame["tickers"]}

    def _merge(self, quotes: list[dict[str, Any]]) -> None:
        for quote in quotes:
            old = self.quotes.get(quote["ticker"], {})
            assert quote["sequence"] >= old.get("sequence", 0), (quote, old)
            self.quotes[quote["ticker"]] = old | quote
            assert self.quotes[quote["ticker"]].keys() >= {"name", "currency", "previous_close"}

    def _advance(self, sequence: int) -> None:
        assert sequence >= self.sequence
        self.sequence = sequence
