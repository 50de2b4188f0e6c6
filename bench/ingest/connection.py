"""One feeder's connection: HTTP by hand, so that sending costs next to nothing."""

import socket
import time

from bench.process import BenchmarkFailed

_HEAD = (
    "POST /api/v1/prices HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)
_SECONDS = 60.0
_TAKEN, _BUSY = 202, 503
_RETRY_SECONDS = 0.5


class Connection:
    """Kept alive for all requests."""

    def __init__(self, port: int, token: str) -> None:
        self._token = token
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def push(self, body: bytes, ticks: int) -> int:
        """Send until all ticks are taken; returns how often we were told to wait. Raises."""
        head = _HEAD.format(token=self._token, length=len(body)).encode()
        waits = 0
        while True:
            self._socket.sendall(head)
            self._socket.sendall(body)
            status, answer = self._answer()
            if status == _TAKEN and answer == b'{"accepted":%d,"refused":[]}' % ticks:
                return waits
            if status != _BUSY:
                raise BenchmarkFailed(f"A request was answered {status} {answer[:200]!r}.")
            waits += 1
            time.sleep(_RETRY_SECONDS)

    def _answer(self) -> tuple[int, bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end].lower(), data[end + 4 :]
        if b"content-length:" not in head:
            raise BenchmarkFailed(f"An answer without a length: {data[:200]!r}")
        length = int(head.partition(b"content-length:")[2].split(None, 1)[0])
        while len(body) < length:
            body += self._more()
        return int(head.split(None, 2)[1]), body

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise BenchmarkFailed("The server has closed a feeder's connection.")
        return data

    def close(self) -> None:
        self._socket.close()
