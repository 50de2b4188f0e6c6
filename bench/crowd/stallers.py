"""Clients that stop reading, all in one process; of what they read before, nothing is counted."""

import select
import socket
import threading

from bench.crowd.messages import Gather
from bench.crowd.websocket import handshake
from bench.market.plan import Guest
from bench.process import BenchmarkFailed, Pipe

_RECEIVE_BUFFER_BYTES = 4096
"""The smallest: what lies in a client's buffer is no longer the server's trouble."""
_POLL_SECONDS = 0.1
_CONNECT_SECONDS = 60.0


def stallers(pipe: Pipe) -> None:
    """The process: `Gather` connects and reads; anything else stops the reading. Answers None."""
    question: Gather = pipe.recv()
    sockets = [_connected(question.port, guest) for guest in question.guests]
    stalled = threading.Event()
    reading = threading.Thread(target=_read, args=(sockets, stalled))
    reading.start()
    pipe.send(None)
    pipe.recv()
    stalled.set()
    reading.join()
    pipe.send(None)
    pipe.recv()  # they stay open until this process ends


def _connected(port: int, guest: Guest) -> socket.socket:
    """Signed in: the handshake is answered."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    connection.settimeout(_CONNECT_SECONDS)
    connection.connect(("127.0.0.1", port))
    connection.sendall(handshake(guest.path, port=port, token=guest.token))
    answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise BenchmarkFailed(f"{guest.path}: refused: {answer[:60]!r}")
    connection.setblocking(False)
    return connection


def _read(sockets: list[socket.socket], stalled: threading.Event) -> None:
    poll = select.epoll()
    by_number = {each.fileno(): each for each in sockets}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    while not stalled.is_set():
        for number, _ in poll.poll(_POLL_SECONDS):
            by_number[number].recv(65536)
