"""Clients that sign in and then never read again, all in one process."""

import socket

from bench.crowd.messages import Gather
from bench.crowd.websocket import handshake
from bench.market.plan import Guest
from bench.process import BenchmarkFailed, Pipe

_RECEIVE_BUFFER_BYTES = 4096
"""Small: what lies in a client's own buffer is no longer the server's trouble."""
_CONNECT_SECONDS = 60.0


def stallers(pipe: Pipe) -> None:
    """The process: `Gather` connects, and is answered by None; the sockets stay open."""
    question: Gather = pipe.recv()
    sockets = [_connected(question.port, guest) for guest in question.guests]
    pipe.send(None)
    pipe.recv()  # for as long as this process is wanted
    del sockets


def _connected(port: int, guest: Guest) -> socket.socket:
    """Signed in: the handshake is answered."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    connection.settimeout(_CONNECT_SECONDS)
    connection.connect(("127.0.0.1", port))
    connection.sendall(handshake(guest.path, port=port, token=guest.token))
    answer = connection.recv(1024)
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise BenchmarkFailed(f"{guest.path}: refused: {answer[:60]!r}")
    return connection
