"""The sockets: authenticate, parse, hand over to the hub, answer. Prices do not pass here."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import parse_qs

import structlog
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from pricefeed.delivery import close_codes, protocol, wire
from pricefeed.delivery.connection import Connection, Send
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.reads import active_among
from pricefeed.delivery.running import running_hub
from pricefeed.delivery.transport import EXTENSION
from securities.tickers import canonical_ticker

log = structlog.get_logger(__name__)

AUTHENTICATION_SECONDS = 5.0
MAX_BAD_MESSAGES = 10
MAX_TICKERS = 1000


class Identity(Protocol):
    """Who a token belongs to, by which sign-in, and until when (seconds since 1970)."""

    @property
    def user_id(self) -> int: ...
    @property
    def family(self) -> str: ...
    @property
    def expires_at(self) -> float: ...


Authenticate = Callable[[str], Awaitable[Identity]]
"""Raises TokenRefused."""


class TokenRefused(Exception):
    """A token that opens nothing; an expired one may be replaced by its owner."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("expired" if is_expired else "invalid")
        self.is_expired = is_expired


class _Refused(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(close_codes.REASONS[code])
        self.code = code


class SocketConsumer(AsyncConsumer):
    """What all sockets have in common: accept first, then refuse, so that browsers see the code."""

    channel_layer_alias = None  # the hub alone is a member of groups
    connection: Connection | None = None
    hub: Hub | None = None
    bad_messages = 0
    is_refused = False

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send
    ) -> None:
        """As Channels', but for one source of messages: no task is kept waiting for others."""
        self.scope, self.base_send = scope, send
        with suppress(StopConsumer):
            while True:
                await self.dispatch(await receive())

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels', less its thread hop: no handler here leaves a database connection open."""
        match message["type"]:
            case "websocket.connect":
                await self._guarded(self.opened())
            case "websocket.receive":
                await self._guarded(self.received(message.get("text")))
            case "websocket.disconnect":
                self.left()
                raise StopConsumer

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except _Refused as refused:
            await self.close(refused.code)
        except Exception as error:  # noqa: BLE001  Redis or Postgres is away, or we have a bug
            log.warning("socket_overloaded", cause=error)
            await self.close(close_codes.OVERLOADED)

    # -- To be told apart ---------------------------------------------------------------------

    async def opened(self) -> None:
        """The handshake has arrived."""
        raise NotImplementedError

    async def said(self, message: protocol.Auth) -> None:
        """The client names itself."""
        await self.send_error("bad_message", "This socket needs no authentication.")

    # -- Common -------------------------------------------------------------------------------

    async def accept(self) -> None:
        await self.send({"type": "websocket.accept"})

    async def close(self, code: int) -> None:
        """Close with a code, through the connection where there is one."""
        if self.connection is not None:
            self.connection.close(code, close_codes.REASONS[code])
        elif not self.is_refused:
            self.is_refused = True
            reason = close_codes.REASONS[code]
            await self.send({"type": "websocket.close", "code": code, "reason": reason})

    async def received(self, text: str | None) -> None:
        """One message of the client."""
        if self.is_refused:
            return  # it was on its way already
        if text is None:
            await self.refuse_message("Messages are text, not bytes.")
            return
        if len(text) > protocol.MAX_MESSAGE_BYTES:
            raise _Refused(close_codes.BAD_MESSAGE)
        match protocol.parse(text):
            case protocol.BadMessage(reason):
                await self.refuse_message(reason)
            case protocol.Ping():
                await self.say(wire.frame("pong"))
            case protocol.Auth() as auth:
                await self.said(auth)

    async def refuse_message(self, reason: str) -> None:
        """Say what is wrong with a message; who goes on sending such is closed."""
        self.bad_messages += 1
        if self.bad_messages > MAX_BAD_MESSAGES:
            raise _Refused(close_codes.BAD_MESSAGE)
        await self.send_error("bad_message", reason)

    async def send_error(self, code: str, message: str) -> None:
        await self.say(wire.frame("error", code=code, message=message))

    async def say(self, text: str) -> None:
        """Answer the client; a client that does not read gets no answers."""
        if self.connection is None:
            await self.send({"type": "websocket.send", "text": text})
        elif not self.connection.blocked and not self.connection.closed:
            self.connection.write(text)

    def left(self) -> None:
        """The client is gone."""
        if self.connection is not None:
            self.connection.gone()
            if self.hub is not None:
                self.hub.remove(self.connection)

    def query(self) -> dict[str, list[str]]:
        """The address's fields. Raises _Refused for more of them than anybody needs."""
        text = self.scope["query_string"].decode("latin-1")
        try:
            return parse_qs(text, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            raise _Refused(close_codes.BAD_MESSAGE) from None

    def wants_full(self) -> bool:
        """Whether the client asked for whole quotes in every frame."""
        return self.query().get("full", ["0"])[-1] in {"1", "true"}

    async def begin(
        self, *, identity: Identity | None = None, asked: tuple[str, ...] | None = None
    ) -> tuple[Hub, Connection]:
        """Make the connection that the hub will serve."""
        self.hub = await running_hub()
        self.connection = Connection(
            self.base_send,
            writer=self.scope.get("extensions", {}).get(EXTENSION),
            user_id=identity.user_id if identity else None,
            family=identity.family if identity else None,
            expires_at=identity.expires_at if identity else None,
            asked=asked,
            full=self.wants_full(),
            on_free=self.hub.bring_up_to_date,
        )
        return self.hub, self.connection


class WatchlistConsumer(SocketConsumer):
    """`/ws/watchlist`: the signed-in user's watchlist, following every edit."""

    def __init__(self, *, authenticate: Authenticate) -> None:
        self._authenticate = authenticate
        self._deadline: asyncio.TimerHandle | None = None

    async def opened(self) -> None:
        await self.accept()
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
            raise _Refused(close_codes.BAD_MESSAGE)
        await super().refuse_message(reason)

    async def _sign_in(self, auth: protocol.Auth) -> None:
        self._stop_waiting()
        try:
            identity = await self._authenticate(auth.token)
        except TokenRefused as refused:
            expired = refused.is_expired
            code = close_codes.TOKEN_EXPIRED if expired else close_codes.BAD_TOKEN
            raise _Refused(code) from None
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


class PricesConsumer(SocketConsumer):
    """`/ws/prices/{ticker}`, `/ws/prices?tickers=A,B` and `/ws/prices` (every active ticker)."""

    async def opened(self) -> None:
        await self.accept()
        asked = self._asked()
        if asked is not None:
            if not asked or len(asked) > MAX_TICKERS:
                raise _Refused(close_codes.BAD_MESSAGE)
            if not await active_among(asked) >= set(asked):
                raise _Refused(close_codes.UNKNOWN_TICKER)
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
