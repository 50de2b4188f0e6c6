"""What all sockets have in common: accept, read what a client says, answer, close."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings

from pricefeed.delivery import close_codes, protocol, wire
from pricefeed.delivery.closings import count_closing
from pricefeed.delivery.hub import HubStopped
from pricefeed.delivery.limits import Addresses, TokenBucket
from pricefeed.delivery.outlet import Outlet, Send
from pricefeed.delivery.writer import EXTENSION, Writer
from rest.address import socket_address
from rest.errors import AWAY

log = structlog.get_logger(__name__)

MAX_BAD_MESSAGES = 10

HANDSHAKE_SECONDS = 3.0
"""How long the answer to a handshake may wait for what is to go with it; clients give up on one."""

_AWAY = (*AWAY, HubStopped)
"""Nothing here is broken: somebody else is away, we are leaving, or another hub takes over."""

_addresses = Addresses()


class Refused(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(close_codes.REASONS[code])
        self.code = code


class SocketConsumer(AsyncConsumer):
    """What all sockets have in common: accept first, then refuse, so that browsers see the code.

    One is accepted when there is something to say to it: that goes out together with the answer
    to the handshake, and the client is woken once.
    """

    channel_layer_alias = None  # the hub alone is a member of groups
    connection: Outlet | None = None
    bad_messages = 0
    is_accepted = False
    is_refused = False
    bucket: TokenBucket | None = None

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send
    ) -> None:
        """As Channels', but for one source of messages: no task is kept waiting for others."""
        self.scope, self.base_send = scope, send
        address = socket_address(scope)
        self.has_room = _addresses.enter(address, allowed=settings.SOCKETS_PER_ADDRESS)
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            return
        finally:
            if self.has_room:
                _addresses.leave(address)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels', less its thread hop: no handler here leaves a database connection open."""
        match message["type"]:
            case "websocket.connect":
                await self._guarded(self._open())
            case "websocket.receive":
                await self._guarded(self.received(message.get("text")))
            case "websocket.disconnect":
                self.left()
                raise StopConsumer

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Refused as refused:
            await self.close(refused.code)
        except _AWAY as error:
            log.warning("socket_overloaded", cause=error)
            await self.close(close_codes.OVERLOADED)
        except Exception:
            log.exception("socket_failed")
            await self.close(close_codes.OVERLOADED)

    async def _open(self) -> None:
        if not self.has_room:
            raise Refused(close_codes.TOO_MANY)
        patience = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self._accept_alone)
        try:
            await self.in_time(self.opened())
        finally:
            patience.cancel()
        self.scope["headers"] = ()  # tokens and kilobytes that nobody asks for again

    async def accept(self) -> None:
        """Answer the handshake, if nobody has; what is said next comes after it.

        So it does where the server takes messages in the order of the calls, as servers do.
        """
        if not self.is_accepted:
            self.is_accepted = True
            await self.base_send({"type": "websocket.accept"})

    def _accept_alone(self) -> None:
        self._accepting = asyncio.ensure_future(self.accept())

    async def send(self, message: dict[str, Any]) -> None:
        """As Channels', but whatever is said is said to an open socket, a refusal as well."""
        await self.accept()
        await self.base_send(message)

    # -- To be told apart ---------------------------------------------------------------------

    async def opened(self) -> None:
        """The handshake has been read; to be accepted before this returns, or by a refusal."""
        raise NotImplementedError

    async def said(self, message: protocol.Auth) -> None:
        """The client names itself."""
        await self.send_error("bad_message", "This socket needs no authentication.")

    # -- Common -------------------------------------------------------------------------------

    async def in_time(self, work: Awaitable[None]) -> None:
        """Let a client begin; who would be silent for too long, because others hang, gives up."""
        async with asyncio.timeout(protocol.HEARTBEAT_SECONDS):
            await work

    async def close(self, code: int) -> None:
        """Close with a code, through the connection where there is one."""
        if self.connection is not None:
            self.connection.close(code)
        elif not self.is_refused:
            self.is_refused = True
            count_closing(code)
            reason = close_codes.REASONS[code]
            await self.send({"type": "websocket.close", "code": code, "reason": reason})

    async def received(self, text: str | None) -> None:
        """One message of the client."""
        if self.is_refused:
            return  # it was on its way already
        if not self._keeps_pace():
            await self._refuse_haste()
            return
        if text is None:
            await self.refuse_message("Messages are text, not bytes.")
            return
        if len(text) > protocol.MAX_MESSAGE_BYTES:
            raise Refused(close_codes.BAD_MESSAGE)
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
            raise Refused(close_codes.BAD_MESSAGE)
        await self.send_error("bad_message", reason)

    def _keeps_pace(self) -> bool:
        if self.bucket is None:  # most clients never say a thing
            self.bucket = TokenBucket(float(settings.SOCKET_MESSAGES_PER_SECOND))
        return self.bucket.take()

    async def _refuse_haste(self) -> None:
        """Let a message go unread; who does not slow down is closed."""
        self.bad_messages += 1
        if self.bad_messages > MAX_BAD_MESSAGES:
            raise Refused(close_codes.TOO_MANY)
        await self.send_error("too_many_messages", "Too many messages; this one was not read.")

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

    @property
    def writer(self) -> Writer | None:
        """The short way out, where the server offers one."""
        offered: Writer | None = self.scope.get("extensions", {}).get(EXTENSION)
        return offered

    def query(self) -> dict[str, list[str]]:
        """The address's fields. Raises Refused for more of them than anybody needs."""
        text = self.scope["query_string"].decode("latin-1")
        try:
            return parse_qs(text, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            raise Refused(close_codes.BAD_MESSAGE) from None
