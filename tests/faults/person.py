"""Somebody who has just signed up, with a list and sockets of their own."""

import contextlib
import json
import time
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.faults.house import House
from tests.integration.processes import wait_until

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

    def open_socket(self) -> ClientConnection:
        """Signed in; nothing has been read."""
        address = f"ws://127.0.0.1:{self.web.port}/ws/watchlist"
        bearer = f"Bearer {self.tokens['access']}"
        socket = self._stack.enter_context(
            connect(address, additional_headers={"Authorization": bearer}, close_timeout=0.1)
        )
        self.sockets.append(socket)
        return socket

    def open_on_both(self) -> None:
        def both_serve() -> bool:
            assert heard(self.open_socket(), "snapshot")["quotes"] == []
            return len(self.web.serving()) == 2

        wait_until(both_serve, seconds=10, what="a socket on each of the two processes")


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
