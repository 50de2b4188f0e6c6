"""Clients that stop reading: raw sockets with next to no room for what they are sent."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

_RECEIVE_BYTES = 2048
_HANDSHAKE = (
    "GET /ws/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n"
)


class Stalled:
    """Asks for prices, and reads nothing until told to."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(_HANDSHAKE.format(path).encode())
        self._unread = b""

    def read(self, *, seconds: float) -> Iterator[dict[str, Any]]:
        """All frames that come in this time, as fast as they can."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self._unread += self._socket.recv(1 << 16)
            except TimeoutError:
                return
            yield from self._frames()

    def close(self) -> None:
        self._socket.close()

    def _frames(self) -> Iterator[dict[str, Any]]:
        if self._unread.startswith(b"HTTP"):
            _, _, self._unread = self._unread.partition(b"\r\n\r\n")
        while len(self._unread) >= 10:
            opcode, size, start = self._unread[0] & 15, self._unread[1], 2
            if size == 126:
                (size,), start = struct.unpack_from("!H", self._unread, 2), 4
            elif size == 127:
                (size,), start = struct.unpack_from("!Q", self._unread, 2), 10
            if len(self._unread) < start + size:
                return
            payload, self._unread = self._unread[start : start + size], self._unread[start + size :]
            if opcode == 1:
                yield json.loads(payload)
