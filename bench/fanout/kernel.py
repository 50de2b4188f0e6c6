"""The floor: what the kernel alone takes to send the same bytes to as many sockets.

One process only calls send(2), on sockets with the options of ours; another reads
when that has been done, so that nobody is woken up meanwhile: one frame fits into
a socket's buffers. Neither knows WebSocket.
"""

import select
import socket

from bench.process import Pipe, Worker
from bench.usage import cpu_seconds

_SEND_BUFFER_BYTES = 16 * 1024


def floor(*, users: int, frame_bytes: int, ticks: int) -> float:
    """CPU seconds of the sending process, for `ticks` frames to each user."""
    with Worker(_send) as sender, Worker(_receive) as receiver:
        port = sender.hear()
        receiver.tell((port, users))
        sender.ask((users, frame_bytes))
        receiver.hear()
        began = cpu_seconds(sender.pid)
        for _ in range(ticks):
            sender.ask(None)
            receiver.ask(users * frame_bytes)
        return cpu_seconds(sender.pid) - began


def _send(pipe: Pipe) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        pipe.send(listener.getsockname()[1])
        users, frame_bytes = pipe.recv()
        sockets = [listener.accept()[0] for _ in range(users)]
    pipe.send(None)
    frame = bytes(frame_bytes)
    sends = [each.sendall for each in sockets]
    while True:
        pipe.recv()
        for send in sends:
            send(frame)
        pipe.send(None)


def _receive(pipe: Pipe) -> None:
    port, users = pipe.recv()
    poll = select.epoll()
    by_number = {}
    for _ in range(users):
        connection = socket.create_connection(("127.0.0.1", port))
        by_number[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
    pipe.send(None)
    buffer = bytearray(64 * 1024)
    while True:
        left = pipe.recv()
        while left:
            for number, _ in poll.poll():
                left -= by_number[number].recv_into(buffer)
        pipe.send(None)
