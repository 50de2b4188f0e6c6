"""A vendor that is played on this machine, and a place in Redis for each test."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from redis import Redis

from pricefeed.sources import vendor
from securities.redis_client import redis_client

Reply = Callable[["Handler"], None]


class PlayedVendor:
    """Answers each request by the next of `replies`, and by the last for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.ended = threading.Event()
        self.url = ""

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)


class Handler(BaseHTTPRequestHandler):
    played: PlayedVendor
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.played.asked.append({"path": address.path, **query})
        self.played.headers.append({name.lower(): value for name, value in self.headers.items()})
        replies = self.played.replies
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        reply(self)

    def log_message(self, *_: Any) -> None:
        pass


def says(body: Any, *, status: int = 200, **headers: str) -> Reply:
    """JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def reply(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def breaks_off_after(body: bytes) -> Reply:
    """Half an answer: more was promised."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(2 * len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return reply


def says_nothing(handler: Handler) -> None:
    """Until the test has ended."""
    handler.played.ended.wait(10)
    handler.close_connection = True


def trickles(handler: Handler) -> None:
    """A byte now and then, so that no single wait for one is long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    until = time.monotonic() + 10
    try:
        while not handler.played.ended.wait(0.05) and time.monotonic() < until:
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass
    handler.close_connection = True


@pytest.fixture
def played() -> Iterator[PlayedVendor]:
    vendor_ = PlayedVendor()
    handler = type("OwnHandler", (Handler,), {"played": vendor_})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        vendor_.url = f"http://127.0.0.1:{server.server_port}"
        yield vendor_
        vendor_.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def own_vendor_keys(monkeypatch: pytest.MonkeyPatch) -> str:
    """What workers share about vendors, in this test alone."""
    name = f"test-{uuid.uuid4().hex[:12]}:vendor"
    monkeypatch.setattr(vendor, "KEY", name)
    return name


@pytest.fixture
def redis(own_vendor_keys: str) -> Iterator[Redis]:
    client = redis_client()
    yield client
    for key in client.scan_iter(f"{own_vendor_keys}*"):
        client.delete(key)
