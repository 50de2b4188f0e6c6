"""The sockets of a watchlist and of prices: whom they serve, and with what."""

import asyncio
from collections.abc import Awaitable, Callable

from django.conf import settings

from pricefeed.delivery import close_codes, protocol
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.reads import active_among
from pricefeed.delivery.running import running_hub
from pricefeed.delivery.socket import Refused, SocketConsumer
from securities.tickers import canonical_ticker

AUTHENTICATION_SECONDS = 5.0
MAX_TICKERS = 1000


Authenticate = Callable[[str], Awaitable[Identity]]
"""Raises TokenRefused."""


class TokenRefused(Exception):
    """A token that opens nothing; an expired one may be replaced by its owner."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("expired" if is_expired else "invalid")
        self.is_expired = is_expired


class QuotesConsumer(SocketConsumer):
    """What the sockets have in common that a hub serves with quotes."""

    connection: Connection | None = None
    hub: Hub | None = None

    async def begin(
        self, *, identity: Identity | None = None, asked: tuple[str, ...] | None = None
    ) -> tuple[Hub, Connection]:
        """Make the connection that the hub will serve; the user must have room for one more."""
        self.hub = await running_hub()
        if identity and self.hub.count_of(identity.user_id) >= settings.SOCKETS_PER_USER:
            raise Refused(close_codes.TOO_MANY)
        self.connection = Connection(
            self.base_send,
            writer=self.writer,
            identity=identity,
            asked=asked,
            full=self._wants_full(),
            on_free=self.hub.bring_up_to_date,
        )
        return self.hub, self.connection

    def left(self) -> None:
        super().left()
        if self.hub is not None and self.connection is not None:
            self.hub.remove(self.connection)

    def _wants_full(self) -> bool:
        """Whether the client asked for whole quotes in every frame."""
        return self.query().get("full", ["0"])[-1] in {"1", "true"}


class WatchlistConsumer(QuotesConsumer):
    """`/ws/watchlist`: the signed-in user's watchlist, following every edit."""

    def __init__(self, *, authenticate: Authenticate) -> None:
        self._authenticate = authenticate
        self._deadline: asyncio.TimerHandle | None = None

    async def opened(self) -> None:
        token = self._header_token()
        self.scope["headers"].clear()  # tokens and kilobytes that nobody asks for again
        if token is not None:
            await self._sign_in(protocol.Auth(token))
        else:
            self._deadline = asyncio.get_running_loop().call_later(
                AUTHENTICATION_SECONDS, self._too_late
            )

    async def said(self, message: protocol.Auth) -> None:
        if self.connection is not None:
            await self.send_error("bad_message", "This connection is signed in already.")
        else:
            await self._sign_in(message)

    async def refuse_message(self, reason: str) -> None:
        if self.connection is None:
            raise Refused(close_codes.BAD_MESSAGE)
        await super().refuse_message(reason)

    async def _sign_in(self, auth: protocol.Auth) -> None:
        self._stop_waiting()
        try:
            identity = await self._authenticate(auth.token)
        except TokenRefused as refused:
            expired = refused.is_expired
            code = close_codes.TOKEN_EXPIRED if expired else close_codes.BAD_TOKEN
            raise Refused(code) from None
        hub, connection = await self.begin(identity=identity)
        await hub.add_user(connection, auth.since)

    def _header_token(self) -> str | None:
        for name, value in self.scope["headers"]:
            if name == b"authorization":
                kind, _, token = value.decode("latin-1").partition(" ")
                return token.strip() if kind.lower() == "bearer" else ""
        return None

    def _too_late(self) -> None:
        self._deadline = None
        self._closing = asyncio.ensure_future(self.close(close_codes.NO_AUTHENTICATION))

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def left(self) -> None:
        self._stop_waiting()
        super().left()


class PricesConsumer(QuotesConsumer):
    """`/ws/prices/{ticker}`, `/ws/prices?tickers=A,B` and `/ws/prices` (every active ticker)."""

    async def opened(self) -> None:
        asked = self._asked()
        if asked is not None:
            if not asked or len(asked) > MAX_TICKERS:
                raise Refused(close_codes.BAD_MESSAGE)
            if not await active_among(asked) >= set(asked):
                raise Refused(close_codes.UNKNOWN_TICKER)
        hub, connection = await self.begin(asked=asked)
        await hub.add_tickers(connection, None)

    def _asked(self) -> tuple[str, ...] | None:
        """The tickers asked for, each once, in order; None for all."""
        single = self.scope["url_route"]["kwargs"].get("ticker")
        if single is not None:
            return (_ticker(single),)
        lists = self.query().get("tickers")
        if lists is None:
            return None
        words = [word for text in lists for word in text.split(",") if word.strip()]
        return tuple(dict.fromkeys(map(_ticker, words)))


def _ticker(word: str) -> str:
    """In canonical form; what cannot be a ticker stays unknown."""
    return canonical_ticker(word) or word
