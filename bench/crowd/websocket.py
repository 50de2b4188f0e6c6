"""As much of RFC 6455 as a cheap client needs: its handshake, and a server's frames."""

from collections.abc import Iterator
from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_FINAL = 0x80
_MASKED = 0x80


class Frame(NamedTuple):
    """One whole message of the server; `size` counts its bytes on the wire."""

    opcode: int
    payload: bytes
    size: int


class BadFrame(Exception):
    """The server sent what it may not, or what we do not expect of it."""


def handshake(path: str, *, port: int, token: str | None, subprotocol: str | None = None) -> bytes:
    """The request that opens a socket. The key is fixed: nobody here needs to be fooled."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    protocol = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}{authorization}\r\n"
    ).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame: masked, as it must be, with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((_FINAL | opcode, _MASKED | size))
    else:
        head = bytes((_FINAL | opcode, _MASKED | 126)) + size.to_bytes(2)
    return head + bytes(4) + payload


class Frames:
    """Cuts what arrives into frames, however it was cut on the way."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def of(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with this data. Raises BadFrame."""
        buffer = self._rest + data if self._rest else data
        at, end = 0, len(buffer)
        while end - at >= 2:
            first, length = buffer[at], buffer[at + 1]
            start = at + 2
            if length == 126:
                start = at + 4
                length = int.from_bytes(buffer[at + 2 : start])
            elif length == 127:
                start = at + 10
                length = int.from_bytes(buffer[at + 2 : start])
            elif length > 127:
                raise BadFrame("a server's frames are not masked")
            if end < start or end - start < length:
                break
            if first & 0xF0 != _FINAL:
                raise BadFrame("neither fragments nor extensions were asked for")
            yield Frame(first & 0x0F, buffer[start : start + length], start + length - at)
            at = start + length
        self._rest = buffer[at:]
