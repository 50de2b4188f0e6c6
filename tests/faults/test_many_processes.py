"""Two web processes, one user with sockets on both: what happens on one is heard on the other."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.faults.house import House
from tests.integration.processes import wait_until

SIGNED_OUT = 4005
SOON_SECONDS = 5.0


class Person:
    """A user who has just signed up, and their sockets."""

    def __init__(self, house: House, name: str) -> None:
        self.web = house.web
        api = f"{self.web.url}/api/v1/"
        account = {"username": name, "password": "correct horse battery 7"}
        self.tokens = httpx.post(f"{api}auth/register", json=account).raise_for_status().json()
        headers = {"Authorization": f"Bearer {self.tokens['access']}"}
        self.api = httpx.Client(base_url=api, headers=headers)
        self.sockets: list[ClientConnection] = []
        self._stack = contextlib.ExitStack()

    def leave(self) -> None:
        self._stack.close()
        self.api.close()

    def open_one(self) -> ClientConnection:
        address = f"ws://127.0.0.1:{self.web.port}/ws/watchlist"
        bearer = f"Bearer {self.tokens['access']}"
        socket = self._stack.enter_context(
            connect(address, additional_headers={"Authorization": bearer}, close_timeout=0.1)
        )
        assert heard(socket, "snapshot")["quotes"] == []
        self.sockets.append(socket)
        return socket

    def open_on_both(self) -> None:
        def both_serve() -> bool:
            self.open_one()
            return len(self.web.serving()) == 2

        wait_until(both_serve, seconds=10, what="a socket on each of the two processes")


@pytest.fixture
def person(house: House) -> Iterator[Person]:
    made = Person(house, f"person{time.time_ns()}")
    yield made
    made.leave()


def heard(socket: ClientConnection, kind: str) -> Any:
    """The next frame of a kind."""
    deadline = time.monotonic() + SOON_SECONDS
    while time.monotonic() < deadline:
        frame = json.loads(socket.recv(timeout=SOON_SECONDS))
        if frame["type"] == kind:
            return frame
    raise AssertionError(f"no {kind} within {SOON_SECONDS:g} s")


def end_of(socket: ClientConnection) -> int | None:
    """The code that it is closed with."""
    deadline = time.monotonic() + SOON_SECONDS
    try:
        while time.monotonic() < deadline:
            socket.recv(timeout=SOON_SECONDS)
    except ConnectionClosed:
        return socket.close_code
    raise AssertionError(f"still open after {SOON_SECONDS:g} s")


def test_edits_prices_and_logouts_are_heard_on_both(person: Person) -> None:
    person.open_on_both()
    for ticker in ("T1", "T2"):
        person.api.put(f"watchlist/{ticker}").raise_for_status()
        for socket in person.sockets:
            assert [each["ticker"] for each in heard(socket, "watchlist")["added"]] == [ticker]
    for socket in person.sockets:
        assert {each["ticker"] for each in heard(socket, "prices")["quotes"]} == {"T1", "T2"}

    person.api.delete("watchlist/T1").raise_for_status()
    for socket in person.sockets:
        assert heard(socket, "watchlist")["removed"] == ["T1"]
    for socket in person.sockets:
        assert {each["ticker"] for each in heard(socket, "prices")["quotes"]} == {"T2"}

    refresh = {"refresh": person.tokens["refresh"]}
    person.api.post("auth/logout", json=refresh).raise_for_status()
    assert {end_of(socket) for socket in person.sockets} == {SIGNED_OUT}
