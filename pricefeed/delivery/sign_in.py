"""Sockets that are for somebody: who it is has to be said first, and in time."""

import asyncio
from collections.abc import Callable

from pricefeed.delivery import close_codes, protocol
from pricefeed.delivery.identity import Identity, TokenRefused
from pricefeed.delivery.socket import Refused, SocketConsumer

AUTHENTICATION_SECONDS = 5.0

Identify = Callable[[str], Identity]
"""Whose token it is, as far as it says so itself. Raises TokenRefused."""


class SignInConsumer(SocketConsumer):
    """Signs its user in, by the header of the handshake or by the first message."""

    def __init__(self, *, identify: Identify) -> None:
        self._identify = identify
        self._deadline: asyncio.TimerHandle | None = None

    async def signed_in(self, identity: Identity, auth: protocol.Auth) -> None:
        """The token is this user's; `auth` is what the client has said of itself.

        Raises TokenRefused where its sign-in has ended: to be asked once the hub has been told
        of this socket, or nobody would hear of an end between the two.
        """
        raise NotImplementedError

    async def opened(self) -> None:
        token = self._header_token()
        if token is not None:
            await self._sign_in(protocol.Auth(token))
        else:
            await self.accept()
            self._deadline = asyncio.get_running_loop().call_later(
                AUTHENTICATION_SECONDS, self._too_late
            )

    async def said(self, message: protocol.Auth) -> None:
        if self.connection is not None:
            await self.send_error("bad_message", "This connection is signed in already.")
        else:
            await self.in_time(self._sign_in(message))

    async def refuse_message(self, reason: str) -> None:
        if self.connection is None:
            raise Refused(close_codes.BAD_MESSAGE)
        await super().refuse_message(reason)

    async def _sign_in(self, auth: protocol.Auth) -> None:
        self._stop_waiting()
        try:
            await self.signed_in(self._identify(auth.token), auth)
        except TokenRefused as refused:
            expired = refused.is_expired
            code = close_codes.TOKEN_EXPIRED if expired else close_codes.BAD_TOKEN
            raise Refused(code) from None

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
