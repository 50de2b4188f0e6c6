"""`python -m config.server` as a process: how it serves, stops, and says why it cannot start."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from accounts.services import tokens_issue
from pricefeed.services import prices_update
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry
from securities.models import Security
from tests.integration.processes import START_SECONDS, Processes, is_alive, wait_until
from tests.integration.web import Web
from watchlists.services import watchlist_add_security

DISABLED, GOING_AWAY = 4007, 4100
ABNORMAL = 1006
GRACE_SECONDS = 8  # the default


class Rising:
    """Every price goes up by one each time, so that everything moves."""

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        return [Tick(each.ticker, (each.price or Decimal(9)) + 1, now) for each in instruments]

    def catalogue(self) -> list[CatalogueEntry]:
        return []


Connect = Callable[..., ClientConnection]


@pytest.fixture
def open_socket() -> Iterator[Connect]:
    """`open_socket(web, "prices/T1")`: a socket, closed with the test."""
    with contextlib.ExitStack() as stack:

        def start(web: Web, path: str, **headers: str) -> ClientConnection:
            address = f"ws://127.0.0.1:{web.port}/ws/{path}"
            return stack.enter_context(
                connect(address, additional_headers=headers, open_timeout=10, close_timeout=0.1)
            )

        yield start


def next_frame(client: ClientConnection, kind: str) -> Any:
    """The next frame of a kind."""
    while True:
        frame = json.loads(client.recv(timeout=30))
        if frame["type"] == kind:
            return frame


def close_code(client: ClientConnection) -> int | None:
    """Read to the end."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            client.recv(timeout=30)
    return client.close_code


def stalled(web: Web) -> socket.socket:
    """A client that asks for everything and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.connect(("127.0.0.1", web.port))
    client.sendall(
        b"GET /ws/prices?full=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n"
    )
    return client


def is_full(client: socket.socket) -> bool:
    """Whether what the server has sent lies unread, as far as there is room for it."""
    before = len(client.recv(1 << 20, socket.MSG_PEEK))
    time.sleep(0.05)
    return before > 500 and len(client.recv(1 << 20, socket.MSG_PEEK)) == before


def test_sigterm_sends_everybody_away_and_ends_in_time_even_with_a_client_that_does_not_read(
    processes: Processes, here: None, market: list[Security], open_socket: Connect
) -> None:
    Security.objects.bulk_create(Security(ticker=f"X{n}", name=f"X {n}") for n in range(2000))
    prices_update(source=Rising())
    web = Web(processes, WEB_PROCESSES="2")
    with stalled(web) as deaf:
        readers = [open_socket(web, "prices/T1") for _ in range(3)]
        for reader in readers:
            next_frame(reader, "snapshot")
        wait_until(lambda: is_full(deaf), what="a full socket")
        began = time.monotonic()
        web.running.popen.terminate()
        assert [close_code(reader) for reader in readers] == [GOING_AWAY] * 3
        assert web.running.wait() == 0, web.running.told()
        assert time.monotonic() - began < GRACE_SECONDS - 2


def test_two_processes_both_deliver_a_killed_one_is_replaced_and_none_outlives_their_parent(
    processes: Processes, here: None, market: list[Security], alice: User, open_socket: Connect
) -> None:
    token = f"Bearer {tokens_issue(user=alice).access}"
    watchlist_add_security(user_id=alice.pk, ticker="T1")
    prices_update(source=Rising())
    web = Web(processes, WEB_PROCESSES="2", SOCKETS_PER_USER="500")
    sockets: list[ClientConnection] = []

    def both_serve() -> bool:
        sockets.append(open_socket(web, "watchlist", Authorization=token))
        next_frame(sockets[-1], "snapshot")
        time.sleep(0.2)
        return len(web.serving()) == 2

    wait_until(both_serve, seconds=START_SECONDS, what="a socket on each of the two processes")
    prices_update(source=Rising())
    for each in sockets:
        assert [quote["ticker"] for quote in next_frame(each, "prices")["quotes"]] == ["T1"]
    added = httpx.put(f"{web.url}/api/v1/watchlist/T2", headers={"Authorization": token})
    assert added.status_code == 201
    for each in sockets:
        assert [quote["ticker"] for quote in next_frame(each, "watchlist")["added"]] == ["T2"]

    first, second = web.running.below()
    first.kill()
    web.running.await_said("web_process_ended")
    wait_until(both_serve, seconds=START_SECONDS, what="a socket on the process that replaces it")

    last = web.running.below()
    assert second in last
    web.running.kill()
    wait_until(lambda: not any(map(is_alive, last)), what="their end")
    # Those of the killed process never heard a word.
    assert {close_code(each) for each in sockets} == {GOING_AWAY, ABNORMAL}


def test_who_is_disabled_past_our_services_loses_the_socket(
    processes: Processes, here: None, market: list[Security], alice: User, open_socket: Connect
) -> None:
    """As an operator does it in psql; worker and Beat notice."""
    web, worker, _ = Web(processes), processes.worker(), processes.beat()
    worker.await_said('"prices_updated"')
    token = f"Bearer {tokens_issue(user=alice).access}"
    client = open_socket(web, "watchlist", Authorization=token)
    next_frame(client, "snapshot")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert close_code(client) == DISABLED


def test_a_port_that_is_taken_is_one_sentence(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        web = processes.start("web", "config.server", PORT=port)
        assert web.wait() not in {0, None}
    sentence = web.output.splitlines()[-1]
    assert f"cannot listen on 127.0.0.1:{port}" in sentence
    assert "PORT=" in sentence
    assert "Traceback" not in web.output


@pytest.mark.parametrize("host", ["nope.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_one_sentence(processes: Processes, host: str) -> None:
    web = processes.start("web", "config.server", HOST=host)
    assert web.wait() > 0
    sentence = web.output.splitlines()[-1]
    assert f"cannot listen on {host}:" in sentence
    assert "HOST=" in sentence
    assert "Traceback" not in web.output


def test_a_wrong_setting_is_one_sentence_that_names_it(processes: Processes) -> None:
    refused = {
        "PORT": processes.start("web", "config.server", PORT="eighty"),
        "PRICE_UPDATE_SECONDS": processes.worker(PRICE_UPDATE_SECONDS="0"),
        "DATABASE_URL": processes.beat(DATABASE_URL="mysql://root:s3cret@localhost/x"),
        "REDIS_URL": processes.start("manage", "manage", "check", REDIS_URL="redis://:s3cret@h/x"),
        "SIMULATED_START_LOW": processes.start(
            "manage", "manage", "check", SIMULATED_START_LOW="500", SIMULATED_START_HIGH="10"
        ),
        "ANOMALY_THRESHOLD_PERCENT": processes.start(
            "manage", "manage", "check", ANOMALY_THRESHOLD_PERCENT="2.0000001"
        ),
    }
    for name, program in refused.items():
        assert program.wait() > 0, program.told()
        (line,) = program.output.splitlines()
        assert name in line
        assert "s3cret" not in line
