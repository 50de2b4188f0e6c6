"""Of a socket that ended nothing waits for the collector, which hardly looks at what is old."""

import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from accounts.models import User
from accounts.services import tokens_issue
from tests.conftest import MakeSecurity
from tests.integration.processes import wait_until
from tests.pricefeed.delivery.raw import CLOSE, RawClient, frame

pytestmark = pytest.mark.django_db(transaction=True)

SOCKETS = 30
WAIT_SECONDS = 15
OURS = ("pricefeed.", "accounts.", "uvicorn.", "uvloop.", "websockets.", "httptools.", "asyncio")


@pytest.fixture
def token(feeder: User, security: MakeSecurity) -> str:
    """Of one who may open any socket; there is A."""
    security("A")
    return str(tokens_issue(user=feeder).access)


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def open_and_end(server: str, path: str, heard: bytes, *headers: str, politely: bool) -> None:
    """Ask for a socket, wait until `heard` has come, and leave."""
    client = RawClient(server, path, *headers)
    client.read_until(heard)
    if politely:
        client.send(frame(CLOSE))
        client.read_to_end()
    else:
        client.close()


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
    before = in_memory()
    sockets(SOCKETS)
    wait_until(
        lambda: left_over(before) == {}, seconds=WAIT_SECONDS, what="nothing is left of a socket"
    )
