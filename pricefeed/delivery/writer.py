"""Frames straight to a socket: what a server offers for them, and how text becomes one."""

from collections.abc import Callable
from struct import Struct
from typing import Protocol

EXTENSION = "tickwatch.writer"

_TEXT = 0x81  # RFC 6455, section 5.2: FIN and opcode 1
PING = b"\x89\x00"
"""FIN and opcode 9, and nothing in it."""
_SMALL = [bytes((_TEXT, size)) for size in range(126)]
_medium = Struct("!BBH").pack
_large = Struct("!BBQ").pack


class Writer(Protocol):
    """A socket that takes frames without waiting."""

    on_free: Callable[[], None] | None
    """Called when a full socket can take more."""

    def write(self, frames: bytes) -> bool:
        """Send what `text_frame` made; False: it is taken, but the socket is full now."""

    def ask(self, frames: bytes) -> bool:
        """As `write`, and a ping. Who has said nothing since the last one is dropped."""

    def abort(self) -> None:
        """Drop the socket and what waits in it, without a closing handshake."""

    def hear_out(self, *, most_bytes: int) -> None:
        """From now on messages may be that long, and come as fast as they are taken."""


def text_frame(text: str) -> bytes:
    """A text frame of RFC 6455, section 5.2, unmasked as a server's are."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return _SMALL[size] + data
    if size < 65536:
        return _medium(_TEXT, 126, size) + data
    return _large(_TEXT, 127, size) + data
