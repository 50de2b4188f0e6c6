"""A client without a library: it sends what no library would, and ends as none would."""

import contextlib
import socket
import struct

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
BEGINNING, MIDDLE = 0x01, 0x00


def frame(first: int, payload: bytes = b"") -> bytes:
    """A client's frame: masked, with a mask that changes nothing."""
    return struct.pack("!BB4x", first, 0x80 | len(payload)) + payload


class RawClient:
    """Its socket is open when it has been made; what it has not read is still to come.

    Unless it `waits` for it, nobody has read yet whether it is.
    """

    def __init__(
        self,
        server: str,
        path: str = "/ws/prices",
        *headers: str,
        receive_bytes: int = 0,
        waits: bool = True,
    ) -> None:
        host, port = server.split(":")
        self._socket = socket.socket()
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(30)
        self._socket.connect((host, int(port)))
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {server}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        if waits:
            assert self._socket.recv(12) == b"HTTP/1.1 101"

    def send(self, data: bytes) -> None:
        """As much as is taken: a server that has had enough takes no more."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def read_once(self) -> bytes:
        """What is there when something is."""
        return self._socket.recv(65536)

    def read_until(self, wanted: bytes) -> None:
        """What is wanted has come."""
        received = b""
        while wanted not in received:
            data = self._socket.recv(65536)
            assert data, received
            received += data

    def read_to_end(self) -> bytes:
        """All that comes until the server has closed, however it does that."""
        received = b""
        try:
            while data := self._socket.recv(65536):
                received += data
        except ConnectionResetError:
            pass
        finally:
            self.close()
        return received

    def close(self) -> None:
        """Be gone, without a word."""
        self._socket.close()
