"""Who is measured: a server to start, and the feed that it delivers."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bench.fanout.feed import feed
from bench.fanout.plan import Plan
from bench.peers.plain_feed import feed as plain_feed
from bench.process import BenchmarkFailed, Pipe, Worker, program

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Contender(NamedTuple):
    """A way to bring prices to sockets. `port` in its command stands for a free one."""

    name: str
    command: tuple[str, ...]
    feed: Callable[[Pipe, Plan], None]
    is_slow: bool = False
    """Milliseconds, not microseconds, for each user and tick: it gets fewer ticks."""


_DAPHNE = ("daphne", "-v", "0", "-b", "127.0.0.1", "-p", "{port}")
_UVICORN = ("uvicorn", "--log-level", "error", "--ws", "websockets-sansio", "--port", "{port}")
_PLAIN = "bench.peers.plain_channels:application"

CONTENDERS = {
    "tickwatch": Contender("Tickwatch", ("config.server",), feed),
    "tickwatch-daphne": Contender(
        "Tickwatch's application on Daphne", (*_DAPHNE, "config.asgi:application"), feed
    ),
    "channels-daphne": Contender(
        "plain Channels, a group per ticker, on Daphne",
        (*_DAPHNE, _PLAIN),
        plain_feed,
        is_slow=True,
    ),
    "channels-uvicorn": Contender(
        "plain Channels, a group per ticker, on uvicorn",
        (*_UVICORN, _PLAIN),
        plain_feed,
        is_slow=True,
    ),
}


@contextmanager
def serving(contender: Contender) -> Iterator[tuple[Worker, int]]:
    """Its server, accepting connections, and the port."""
    port = _free_port()
    command = [word.format(port=port) for word in contender.command]
    environment = {"HOST": "127.0.0.1", "PORT": str(port), "WEB_PROCESSES": "1"}
    with Worker(program, [sys.executable, "-m", *command], environment) as server:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if not server.is_alive or time.monotonic() > deadline:
                raise BenchmarkFailed(f"{contender.name} did not start; see above.")
            time.sleep(_POLL_SECONDS)
        yield server, port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
