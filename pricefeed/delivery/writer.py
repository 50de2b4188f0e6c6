"""Frames straight to a socket: what a server offers for them, and how text becomes one."""

from struct import Struct
from typing import Protocol

EXTENSION = "tickwatch.writer"

_TEXT = 0x81  # RFC 6455, section 5.2: FIN and opcode 1
PING = b"\x89\x00"
"""FIN and opcode 9, and nothing in it."""
_SMALL = [bytes((_TEXT, size)) for size in range(126)]
_medium = Struct("!BBH").pack
_large = Struct("!BBQ").pack


class Author(Protocol):
    """Who writes to a socket; told in asyncio's words how it takes it."""

    def pause_writing(self) -> None:
        """It is full."""

    def resume_writing(self) -> None:
        """It has room again."""

    def ended(self) -> None:
        """It is closing or lost: let go of what `attach` returned."""


class Way(Protocol):
    """What takes frames and sends them, such as asyncio's transports."""

    def write(self, frames: bytes, /) -> None:
        """Send what `text_frame` made."""


class _Nowhere:
    def write(self, frames: bytes, /) -> None:
        pass


NOWHERE = _Nowhere()
"""The way to a client that is gone."""


class Writer(Protocol):
    """A socket to which one writes past ASGI, without waiting."""

    def attach(self, author: Author) -> Way:
        """From now on this one writes, straight to what is returned.

        It may be told at once that the socket is full.
        """

    def ask(self, frames: bytes) -> None:
        """Send them and a ping. Who has said nothing since the last one is dropped."""

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
