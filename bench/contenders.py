"""Who is measured: a server to start, and the feed that it delivers."""

import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.market.feed import feed
from bench.market.plan import Address, Plan
from bench.peers import debian, mosquitto, nats, nchan
from bench.peers.plain_feed import PEER as PLAIN
from bench.peers.publishing import feed as peer_feed
from bench.process import BenchmarkFailed, Pipe, Worker, program
from deploy.local.ports import free_port

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Contender(NamedTuple):
    """A way to bring prices to sockets."""

    name: str
    command: Callable[[Address, Path], list[str]]
    """Writes what the server needs into the folder; gives the words that start it."""
    feed: Callable[[Pipe, Plan, Address], None]
    slowness: int = 1
    """It gets fewer ticks by this factor: it takes that much longer for each."""
    needs: tuple[debian.Part, ...] = ()


def module(*words: str) -> Callable[[Address, Path], list[str]]:
    """A Python program; `port` stands for the port."""
    return lambda address, _: [
        sys.executable,
        "-m",
        *(word.format(port=address.port) for word in words),
    ]


_DAPHNE = ("daphne", "-v", "0", "-b", "127.0.0.1", "-p", "{port}")
_UVICORN = ("uvicorn", "--log-level", "error", "--ws", "websockets-sansio", "--port", "{port}")
_PLAIN = "bench.peers.plain_channels:application"

CONTENDERS = {
    "tickwatch": Contender("Tickwatch", module("config.server"), feed),
    "tickwatch-daphne": Contender(
        "Tickwatch's application on Daphne", module(*_DAPHNE, "config.asgi:application"), feed
    ),
    "nats": Contender(
        "NATS over WebSocket, a subject per ticker",
        nats.command,
        partial(peer_feed, nats.PEER),
        needs=nats.NEEDS,
    ),
    "mosquitto": Contender(
        "Mosquitto (MQTT over WebSocket), a topic per ticker",
        mosquitto.command,
        partial(peer_feed, mosquitto.PEER),
        slowness=3,
        needs=mosquitto.NEEDS,
    ),
    "nchan": Contender(
        "nchan (nginx), a channel per ticker, multiplexed",
        nchan.command,
        partial(peer_feed, nchan.PEER),
        slowness=6,
        needs=nchan.NEEDS,
    ),
    "channels-daphne": Contender(
        "plain Channels, a group per ticker, on Daphne",
        module(*_DAPHNE, _PLAIN),
        partial(peer_feed, PLAIN),
        slowness=15,
    ),
    "channels-uvicorn": Contender(
        "plain Channels, a group per ticker, on uvicorn",
        module(*_UVICORN, _PLAIN),
        partial(peer_feed, PLAIN),
        slowness=15,
    ),
    "channels-joining": Contender(
        "plain Channels, signing in, on uvicorn",
        module(*_UVICORN, "bench.peers.plain_watchlist:application"),
        feed,
        slowness=15,
    ),
}


@contextmanager
def serving(contender: Contender, address: Address) -> Iterator[Worker]:
    """Its server, accepting connections."""
    environment = {"HOST": "127.0.0.1", "PORT": str(address.port), "WEB_PROCESSES": "1"}
    with tempfile.TemporaryDirectory(prefix="tickwatch-bench-") as folder:
        command = contender.command(address, Path(folder))
        log = Path(folder, "output") if contender.needs else None  # peers may chatter
        with Worker(program, command, environment, str(log or "")) as server:
            deadline = time.monotonic() + _START_SECONDS
            while not _listens(address.port):
                if not server.is_alive or time.monotonic() > deadline:
                    said = log.read_text() if log and log.exists() else "see above"
                    raise BenchmarkFailed(f"{contender.name} did not start: {said}")
                time.sleep(_POLL_SECONDS)
            yield server


def free_address() -> Address:
    """Two ports nobody uses."""
    return Address(free_port(), free_port())


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
