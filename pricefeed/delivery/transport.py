"""uvicorn's WebSocket protocol, with a short way out for text that is ready to go.

A frame to every user at every tick is what this project spends its time on. ASGI's
`send` makes it a message in a dictionary, a coroutine, a frame object and a list of
parts. Here it is a header and the text, in one write. Everything else (handshake,
parsing, pings, closing) stays uvicorn's; a server that does not offer
`scope["extensions"]["tickwatch.writer"]` is served through `send`.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "tickwatch.writer"

WRITE_BUFFER_BYTES = 32 * 1024
"""What may wait in this process for one socket before it counts as full."""

_TEXT = 0x81  # RFC 6455, section 5.2: FIN and opcode 1
_SMALL = [bytes((_TEXT, size)) for size in range(126)]
_medium = Struct("!BBH").pack
_large = Struct("!BBQ").pack


class Writer(Protocol):
    """A socket that takes text without waiting."""

    on_free: Callable[[], None] | None
    """Called when a full socket can take more."""

    def write_text(self, text: str) -> bool:
        """Send a text frame; False: it is taken, but the socket is full now."""

    def abort(self) -> None:
        """Drop the socket and what waits in it, without a closing handshake."""


class PriceSocketProtocol(WebSocketsSansIOProtocol):
    """`--ws pricefeed.delivery.transport:PriceSocketProtocol`; a `Writer` to the application."""

    on_free: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        if not self.close_sent:  # else the handshake was refused, and there is no scope
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[EXTENSION] = self

    def write_text(self, text: str) -> bool:
        if self.close_sent or self.disconnected:
            return True
        data = text.encode()
        size = len(data)
        if size < 126:
            head = _SMALL[size]
        elif size < 65536:
            head = _medium(_TEXT, 126, size)
        else:
            head = _large(_TEXT, 127, size)
        self.transport.write(head + data)
        return self.writable.is_set()

    def abort(self) -> None:
        self.transport.abort()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_free is not None:
            self.on_free()
