"""The short way in answers every request as the long one does."""

import asyncio
import gc
import json
import socket
import struct
import time
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest
import uvicorn
from asgiref.sync import sync_to_async
from uvicorn.server import ServerState
from websockets.sync.client import connect

from config import health
from pricefeed.delivery import handshake
from pricefeed.delivery.handshake import PriceHttpProtocol
from securities.models import Security

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = "Sec-WebSocket-Version: 13"
UPGRADE = ("Upgrade: websocket", "Connection: Upgrade")
CLOSE = 8
PLAIN = "GET /ws/prices/BRK.B HTTP/1.1"


def ask(server: str, line: str, *headers: str) -> tuple[str, str, str]:
    """Status line, Sec-WebSocket-Accept and first frame (its type or code) for what is sent."""
    host, _, port = server.partition(":")
    request = "\r\n".join([line, f"Host: {server}", *headers, "", ""])
    with closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        connection.sendall(request.encode("latin-1"))
        reader = connection.makefile("rb")
        status = reader.readline().decode().strip()
        answer = dict(_header(each) for each in iter(reader.readline, b"\r\n") if each)
        first = ""
        if " 101 " in status:
            assert answer["upgrade"] == "websocket"
            assert answer["connection"].lower() == "upgrade"
            opcode, size = reader.read(2)
            payload = reader.read(size)
            closed = opcode & 0x0F == CLOSE
            first = str(int.from_bytes(payload[:2])) if closed else json.loads(payload)["type"]
    return status, answer.get("sec-websocket-accept", ""), first


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().partition(":")
    return name.lower(), value.strip()


def test_the_answer_is_the_one_of_the_standard(server: str) -> None:
    answer = ask(server, PLAIN.replace("BRK.B", ""), *UPGRADE, KEY, VERSION)
    assert answer == (
        "HTTP/1.1 101 Switching Protocols",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",  # RFC 6455, section 1.3
        "welcome",
    )


@pytest.mark.parametrize(
    "request_lines",
    [
        (PLAIN, *UPGRADE, KEY, VERSION),
        ("GET /ws/prices/brk%2Eb?full=1 HTTP/1.1", *UPGRADE, KEY, VERSION),
        (PLAIN, "upgrade: WebSocket", "connection: keep-alive, upgrade", KEY, VERSION),
        (PLAIN, *UPGRADE, KEY, VERSION, "Sec-WebSocket-Protocol: chat"),
        (PLAIN, *UPGRADE, KEY, VERSION, "Sec-WebSocket-Extensions: permessage-deflate"),
        (PLAIN, *UPGRADE, KEY, VERSION, "X-Long: " + "x" * 4000),
        (PLAIN, *UPGRADE, KEY, VERSION, "X-Strange: \xe9"),
        (PLAIN, *UPGRADE, VERSION),
        (PLAIN, *UPGRADE, KEY, KEY, VERSION),
        (PLAIN, *UPGRADE, KEY + "x", VERSION),
        (PLAIN, *UPGRADE, "Sec-WebSocket-Key: c2hvcnQ=", VERSION),
        (PLAIN, *UPGRADE, KEY),
        (PLAIN, *UPGRADE, KEY, VERSION, VERSION),
        (PLAIN, *UPGRADE, KEY, "Sec-WebSocket-Version: 8"),
        (PLAIN.replace("GET", "POST"), *UPGRADE, KEY, VERSION),
        (PLAIN.replace("1.1", "1.0"), *UPGRADE, KEY, VERSION),
        ("GET http://elsewhere/ws/prices/BRK.B HTTP/1.1", *UPGRADE, KEY, VERSION),
        (PLAIN, *UPGRADE, KEY, VERSION, "Origin: https://evil.example"),
    ],
)
async def test_both_ways_answer_alike(
    server: str,
    security: Callable[..., Security],
    monkeypatch: pytest.MonkeyPatch,
    request_lines: tuple[str, ...],
) -> None:
    await sync_to_async(security)("BRK.B")
    short = await asyncio.to_thread(ask, server, *request_lines)
    monkeypatch.setattr(PriceHttpProtocol, "_accept_header", lambda _: None)
    assert short == await asyncio.to_thread(ask, server, *request_lines)
    assert short[0]


async def test_a_plain_request_takes_the_short_way(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PriceHttpProtocol.__bases__[0], "handle_websocket_upgrade", None)
    line = "GET /ws/prices HTTP/1.1"
    assert (await asyncio.to_thread(ask, server, line, *UPGRADE, KEY, VERSION))[2] == "welcome"


def test_the_log_says_nothing_of_pages_that_may_not_open_sockets(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody can make a browser try."""
    evil = "Origin: https://evil.example"
    assert " 403 " in ask(server, PLAIN, *UPGRADE, KEY, VERSION, evil)[0]
    ask(server, PLAIN.replace("/BRK.B", ""), *UPGRADE, KEY, VERSION)  # by then it has ended
    assert not [each for each in caplog.records if each.name == "uvicorn.error"]


@pytest.mark.parametrize("manner", ["in turn", "unread", "at once"])
def test_only_who_has_had_its_last_answer_gets_a_socket(server: str, manner: str) -> None:
    """What is left of it would count as the socket's, of which nobody says that it is full."""
    host, _, port = server.partition(":")
    upgrade = [PLAIN.replace("/BRK.B", ""), f"Host: {server}", *UPGRADE, KEY, VERSION, "", ""]
    requests = [f"GET /api/v1/schema HTTP/1.1\r\nHost: {server}\r\n\r\n", "\r\n".join(upgrade)]
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect((host, int(port)))
        reader = connection.makefile("rb")
        if manner == "at once":
            connection.sendall("".join(requests).encode())
        else:
            connection.sendall(requests[0].encode())
            assert b" 200 " in reader.readline()
            answer = dict(_header(each) for each in iter(reader.readline, b"\r\n"))
            if manner == "in turn":
                reader.read(int(answer["content-length"]))
            connection.sendall(requests[1].encode())
        if manner == "in turn":
            assert b" 101 " in reader.readline()
        else:
            with suppress(ConnectionResetError):
                assert b"HTTP/1.1 101" not in reader.read()


ENDLESS = {
    "headers": (f"{PLAIN}\r\nHost: x\r\n", "X-Name: value\r\n"),
    "a header": (f"{PLAIN}\r\nHost: x\r\nX-Name: ", "value"),
    "an address": ("GET /", "address"),
    "trailers": (
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "X-Name: value\r\n",
    ),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_head_that_never_ends_is_not_kept(server: str, kind: str) -> None:
    host, _, port = server.partition(":")
    begin, more = ENDLESS[kind]
    piece = (more * 4096)[: 16 * 1024].encode()
    sent = 0
    with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
        connection.sendall(begin.encode())
        with suppress(ConnectionError):
            while sent < 64 * 1024 * 1024:
                connection.sendall(piece)
                sent += len(piece)
    assert sent < 8 * 1024 * 1024  # what the kernels of both sides hold, at most


def test_a_head_that_is_long_and_ends_is_answered_and_bodies_may_be_longer(server: str) -> None:
    host, _, port = server.partition(":")
    body = b" " * 500_000 + b"{}"
    long = "X-Name: " + "v" * 1000
    head = ["POST /api/v1/prices HTTP/1.1", f"Host: {server}", *[long] * 55]
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
        connection.sendall("\r\n".join(head).encode())
        connection.sendall(body)
        status = connection.makefile("rb").readline()
    assert b" 401 " in status


UNFINISHED = {
    "nothing": [],
    "half a head": ["GET /health HTTP/1.1\r\nHo"],
    "half a body": ["POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"],
    "an answered one and an empty line": [
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "\r\n",
    ],
    "an answered one and half of another": [
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /health",
    ],
}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_a_request_that_is_never_finished_is_not_waited_for(
    server: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(handshake, "SILENT_SECONDS", 0.3)  # five where an answer came meanwhile
    host, _, port = server.partition(":")
    with closing(socket.create_connection((host, int(port)), timeout=15)) as connection:
        for each in UNFINISHED[kind]:
            connection.sendall(each.encode())
            time.sleep(0.1)
        while connection.recv(4096):
            pass


def test_a_whole_request_is_answered_however_long_that_takes(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(health, "check_redis", lambda: time.sleep(1) or {})
    request = f"GET /health/ready HTTP/1.1\r\nHost: {server}\r\n\r\n"
    host, _, port = server.partition(":")
    with closing(socket.create_connection((host, int(port)), timeout=15)) as connection:
        connection.sendall(f"{request}GET /he".encode())
        assert b"HTTP/1.1 503" in connection.makefile("rb").readline()


async def test_of_who_breaks_off_amid_requests_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And who is being answered is told, not only the last of several that came at once."""
    heard = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        await receive()
        heard.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    monkeypatch.setattr(handshake, "SILENT_SECONDS", 0.1)
    config = uvicorn.Config(slow, log_level="critical", lifespan="off")
    config.load()
    made: list[weakref.ref[PriceHttpProtocol]] = []

    def make() -> PriceHttpProtocol:
        protocol = PriceHttpProtocol(config, ServerState(), {})
        made.append(weakref.ref(protocol))
        return protocol

    listening = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    with closing(socket.create_connection(listening.sockets[0].getsockname())) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + b"GET / HTTP/1.1\r\nX: y")
        await asyncio.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for _ in range(50):
        await asyncio.sleep(0.1)
        gc.collect()
        if made[0]() is None:
            break
    assert made[0]() is None
    assert heard == ["http.disconnect"]
    listening.close()


def test_who_is_slow_but_not_silent_is_answered(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "SILENT_SECONDS", 2.0)
    host, _, port = server.partition(":")
    request = f"GET /health HTTP/1.1\r\nHost: {server}\r\n\r\n"
    with closing(socket.create_connection((host, int(port)), timeout=15)) as connection:
        for at in range(0, len(request), 6):
            connection.sendall(request[at : at + 6].encode())
            time.sleep(0.4)
        assert b" 200 " in connection.makefile("rb").readline()


def test_a_socket_is_not_taken_for_a_request_that_is_not_finished(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "SILENT_SECONDS", 0.3)
    with connect(f"ws://{server}/ws/prices") as client:
        client.recv(30)
        client.recv(30)
        time.sleep(0.6)
        client.send('{"type":"ping"}')
        assert json.loads(client.recv(30))["type"] == "pong"
