"""`python -m tests.faults.noise PORT SEED FRAMES`: a bad neighbour of a web server.

Sends that many frames, well-formed and broken in every way we know of, over one socket
after another, from a few threads. What is sent follows from the seed alone. Prints, as
JSON, how many frames of which kind were sent, and how the sockets ended.
"""

import json
import os
import random
import socket
import struct
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests.faults import nonsense

THREADS = 16
PATHS = ("watchlist", "prices", "prices/T1", "prices?tickers=T1,T2", "prices?full=1", "nowhere")
_HANDSHAKE = (
    "GET /ws/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n"
)
_TIMEOUT_SECONDS = 10.0
_PATIENCE_SECONDS = 0.2
_CODES = range(1000, 5000)
_CLOSE_BYTES = 127
_HARD_END = struct.pack("ii", 1, 0)


class Chunk(NamedTuple):
    """What one socket sends; `end` says how it leaves."""

    path: str
    frames: list[tuple[str, bytes]]
    end: str


def chunk_of(chance: random.Random) -> Chunk:
    """Some frames that a server has to bear, or a flood; some that it refuses; a fatal end."""
    is_flood = chance.random() < 0.1
    count = chance.randint(300, 900) if is_flood else chance.randint(0, 15)
    frames = chance.choices(nonsense.pool(nonsense.HARMLESS), k=count)
    path = chance.choice(PATHS)
    if path != "watchlist" or chance.random() < 0.3:  # before signing in, the first is the last
        for refused in chance.choices(nonsense.pool(nonsense.REFUSED), k=chance.randint(1, 9)):
            frames.insert(chance.randint(0, len(frames)), refused)
    frames += chance.choices(nonsense.pool(nonsense.FATAL), k=chance.randint(0, 3))
    return Chunk(path, frames, chance.choice(("wait", "wait", "wait", "close", "reset")))


def send(port: int, chunk: Chunk) -> str:
    """One socket's life; gives how it ended: the close code, or what else it was."""
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS) as client:
        try:
            client.sendall(_HANDSHAKE.format(chunk.path).encode())
            answer = client.recv(4096)
            assert b" 101 " in answer, answer
            client.sendall(b"".join(data for _, data in chunk.frames))
            if chunk.end == "wait":
                return _read_to_end(client, answer)
            if chunk.end == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_END)
        except (ConnectionResetError, BrokenPipeError):
            return "reset"
        return chunk.end


def _read_to_end(client: socket.socket, answer: bytes) -> str:
    """The code of the close frame, which is the last that a server sends, and waits for ours.

    A server may also be right to wait for the rest of what looks like a frame: we do not.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    tail = answer
    while (left := deadline - time.monotonic()) > 0:
        client.settimeout(left)
        try:
            data = client.recv(65536)
        except TimeoutError:
            break
        tail = (tail + data)[-_CLOSE_BYTES:]
        at = max(tail.rfind(b"\x88" + bytes((size,))) for size in range(2, 126))
        if at >= 0 and len(tail) == at + 2 + tail[at + 1]:
            code = int.from_bytes(tail[at + 2 : at + 4])
            if code in _CODES:  # else it is a price that looked like a close
                return str(code)
        if not data:
            return "no close frame"
    return "left open"


def main(port: int, seed: str, count: int) -> None:
    sent: Counter[str] = Counter()
    ends: Counter[str] = Counter()

    def work(number: int) -> None:
        chance = random.Random(f"{seed}/{number}")
        left = count // THREADS + (count % THREADS if number == 0 else 0)
        while left > 0:
            chunk = chunk_of(chance)
            chunk = chunk._replace(frames=chunk.frames[-left:])
            ends[send(port, chunk)] += 1
            sent.update(kind for kind, _ in chunk.frames)
            left -= len(chunk.frames)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
    print(json.dumps({"sent": sent, "frames": sum(sent.values()), "ends": ends}))


if __name__ == "__main__":
    os.nice(5)  # a guest on this machine, where the server and its clients have to live, too
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
