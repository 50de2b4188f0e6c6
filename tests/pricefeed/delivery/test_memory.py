"""Of a socket that ended nothing waits for the collector, which hardly looks at what is old."""

import gc
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from accounts.models import User
from accounts.services import tokens_issue
from tests.conftest import MakeSecurity

pytestmark = pytest.mark.django_db(transaction=True)

SOCKETS = 30
WAIT_SECONDS = 5
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
OURS = ("pricefeed.", "accounts.", "uvicorn.", "uvloop.", "websockets.", "httptools.", "asyncio")
CLOSE = b"\x88\x80\0\0\0\0"


@pytest.fixture
def token(feeder: User, security: MakeSecurity) -> str:
    """Of one who may open any socket; there is A."""
    security("A")
    return str(tokens_issue(user=feeder).access)


@pytest.fixture
def without_collector() -> Iterator[None]:
    yield
    gc.enable()


def open_and_end(server: str, path: str, heard: bytes, *headers: str, politely: bool) -> None:
    """Ask for a socket, wait until `heard` has come, and leave."""
    host, _, port = server.partition(":")
    lines = (f"GET {path} HTTP/1.1", f"Host: {server}", "Upgrade: websocket", KEY)
    more = ("Connection: Upgrade", "Sec-WebSocket-Version: 13", *headers)
    with closing(socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)) as connection:
        connection.sendall("\r\n".join([*lines, *more, "", ""]).encode())
        answer = b""
        while heard not in answer:
            received = connection.recv(65536)
            assert received, answer
            answer += received
        if politely:
            connection.sendall(CLOSE)
            while connection.recv(65536):
                pass


def in_memory() -> Counter[str]:
    """Objects of ours, and of the libraries that serve a socket for as long as it lives."""
    kinds = (f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    return Counter(kind for kind in kinds if kind.startswith(OURS))


def left_over(before: Counter[str]) -> dict[str, int]:
    """What there is more of, by so many that all who left in one of the ways have left one."""
    more = in_memory() - before
    return {kind: count for kind, count in more.items() if count >= SOCKETS // 2}


@pytest.mark.parametrize(
    ("path", "heard", "headers"),
    [
        ("/ws/watchlist", b'"snapshot"', ()),
        ("/ws/prices", b'"snapshot"', ()),
        ("/ws/prices/A", b'"snapshot"', ("Sec-WebSocket-Protocol: chat",)),
        ("/ws/anomalies", b'"welcome"', ()),
        ("/ws/feed", b'"welcome"', ()),
        ("/ws/prices/NONE", b"unknown ticker", ()),
    ],
)
def test_a_socket_that_ended_has_left_nothing(
    server: str,
    token: str,
    path: str,
    heard: bytes,
    headers: tuple[str, ...],
    without_collector: None,
) -> None:
    def sockets(count: int) -> None:
        bearer = f"Authorization: Bearer {token}"
        for number in range(count):
            politely = number % 2 == 0
            open_and_end(server, path, heard, bearer, *headers, politely=politely)

    sockets(3)  # what is made once, is
    gc.collect()
    gc.disable()
    before = in_memory()
    sockets(SOCKETS)
    deadline = time.monotonic() + WAIT_SECONDS
    while left_over(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_over(before) == {}
