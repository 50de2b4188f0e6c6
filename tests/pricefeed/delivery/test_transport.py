"""Frames written past ASGI: as the standard says, and never more than the socket takes."""

import asyncio
import gc
import json
import logging
import socket
from collections.abc import Callable
from typing import Any, Self

import pytest
from asgiref.sync import sync_to_async
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State
from websockets.server import ServerProtocol

from pricefeed.delivery.connection import Connection
from pricefeed.delivery.feeders import FeederOutlet
from pricefeed.delivery.frames import OpenProtocol
from pricefeed.delivery.transport import PriceSocketProtocol
from pricefeed.delivery.writer import Author, text_frame
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.delivery.client import SignedIn
from tests.pricefeed.delivery.conftest import TICKERS, move


class SmallSocket:
    """A writer that takes one write and is full then."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_aborted = False

    def attach(self, author: Author) -> Self:
        self.author = author
        return self

    def write(self, frames: bytes, /) -> None:
        self.written.append(frames)
        self.author.pause_writing()

    def abort(self) -> None:
        self.is_aborted = True


async def no_send(message: dict[str, Any]) -> None:
    raise AssertionError(message)


async def test_a_full_socket_blocks_its_connection_until_it_says_otherwise() -> None:
    freed: list[Connection] = []
    writer = SmallSocket()
    connection = Connection(no_send, writer=writer, on_free=freed.append)
    connection.write("text")
    assert (writer.written, connection.blocked) == ([text_frame("text")], True)
    writer.author.resume_writing()
    assert (freed, connection.blocked) == ([connection], False)


async def test_what_belongs_together_goes_out_in_one_write() -> None:
    writer = SmallSocket()
    connection = Connection(no_send, writer=writer, on_free=lambda _: None)
    connection.write_together("a", "b")
    assert writer.written == [text_frame("a") + text_frame("b")]
    assert connection.blocked


async def test_closing_a_full_socket_cuts_it_off_since_it_would_not_hear_of_it() -> None:
    writer = SmallSocket()
    connection = Connection(no_send, writer=writer, on_free=lambda _: None)
    connection.write("text")
    connection.close(4100)
    assert writer.is_aborted


async def test_who_waits_for_room_goes_on_when_the_socket_is_lost() -> None:
    """And what is written then goes nowhere."""
    writer = SmallSocket()
    feeder = FeederOutlet(no_send, writer=writer, identity=SignedIn(1))
    feeder.write("first")
    answering = asyncio.ensure_future(feeder.answer("second"))
    await asyncio.sleep(0)
    assert not answering.done()
    writer.author.ended()
    async with asyncio.timeout(20):
        await answering
    assert writer.written == [text_frame("first")]


async def test_nothing_is_written_to_a_connection_that_was_closed() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    writer = SmallSocket()
    connection = Connection(send, writer=writer, on_free=lambda _: None)
    connection.close(4100)
    connection.write("late")
    connection.write_together("very", "late")
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert not writer.written


class Transport(asyncio.Transport):
    """As uvloop's, but for one that writes down what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closing = False
        self.aborted = asyncio.Event()
        self.waiting_bytes = 0

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def abort(self) -> None:
        self.aborted.set()

    def write(self, data: Any) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing


async def test_a_socket_whose_handshake_was_read_lacks_nothing_that_uvicorn_gives_one() -> None:
    config = Config("config.asgi:application")
    config.load()
    state, made_later = ServerState(), {"transport", "server", "client", "scheme", "close_timeout"}
    by_uvicorn = vars(WebSocketsSansIOProtocol(config, state, {}))
    ours = PriceSocketProtocol(config, state, {}, is_open=True)
    for name in by_uvicorn.keys() - made_later - {"conn", "queue", "writable"}:
        assert (name, getattr(ours, name)) == (name, by_uvicorn[name])
    assert ours.conn.max_message_size == by_uvicorn["conn"].max_message_size


async def test_an_open_sockets_protocol_lacks_nothing_of_the_librarys_but_its_name() -> None:
    logger = logging.getLogger("uvicorn.error")
    librarys = vars(ServerProtocol(state=State.OPEN, max_size=1000, logger=logger))
    ours = vars(OpenProtocol(max_size=1000, logger=logger))
    assert ours.keys() == librarys.keys() - {"id"}
    for name in ours.keys() - {"reader", "parser"}:
        assert (name, ours[name]) == (name, librarys[name])


@pytest.fixture
async def opened() -> tuple[PriceSocketProtocol, Transport]:
    """A socket of the server's, as after its handshake."""
    config = Config("config.asgi:application")
    config.load()
    protocol = PriceSocketProtocol(config, ServerState(), {}, is_open=True)
    protocol.transport = transport = Transport()
    return protocol, transport


async def test_who_comes_to_a_socket_that_is_full_already_waits_for_room(
    opened: tuple[PriceSocketProtocol, Transport],
) -> None:
    """It has got answers before it signed in, and has not read them."""
    protocol, transport = opened
    freed: list[Connection] = []
    protocol.pause_writing()
    connection = Connection(no_send, writer=protocol, on_free=freed.append)
    assert connection.blocked
    protocol.resume_writing()
    assert (freed, connection.blocked) == ([connection], False)
    connection.write("text")
    assert transport.written == [text_frame("text")]


async def test_a_server_that_ends_amid_a_handshake_answers_it_once(
    opened: tuple[PriceSocketProtocol, Transport],
) -> None:
    """By an error, for which a proxy goes on to another server."""
    protocol, transport = opened
    protocol._accept = b"of its key"
    protocol.shutdown()
    await protocol.send({"type": "websocket.accept"})
    (answer,) = transport.written
    assert answer.startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("said", [b"\x88\x80\0\0\0\0", b"\xff\xff"], ids=["close", "rubbish"])
async def test_nothing_follows_a_close_frame(
    opened: tuple[PriceSocketProtocol, Transport], said: bytes
) -> None:
    protocol, transport = opened
    connection = Connection(no_send, writer=protocol, on_free=lambda each: each.write("later"))
    protocol.pause_writing()
    protocol.data_received(said)
    (closed,) = transport.written
    assert closed[:1] == b"\x88"
    protocol.resume_writing()
    connection.ask("heartbeat")
    connection.write("text")
    late = Connection(no_send, writer=protocol, on_free=lambda _: None)
    late.write("text")
    assert transport.written == [closed]


@pytest.mark.parametrize(
    "end",
    [
        lambda protocol: protocol.eof_received(),
        lambda protocol: protocol.data_received(b"\x88\x80\0\0\0\0"),
        lambda protocol: protocol.shutdown(),
    ],
    ids=["half-closed", "close", "shutdown"],
)
async def test_who_ends_and_does_not_read_what_is_on_its_way_is_cut_off(
    opened: tuple[PriceSocketProtocol, Transport],
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[PriceSocketProtocol], None],
) -> None:
    monkeypatch.setattr("pricefeed.delivery.transport.CLOSING_SECONDS", 0.01)
    protocol, transport = opened
    protocol.handshake_complete = True
    connection = Connection(no_send, writer=protocol, on_free=lambda _: None)
    connection.write("text")
    transport.waiting_bytes = 100
    end(protocol)
    before = len(transport.written)
    connection.write("late")
    async with asyncio.timeout(20):
        await transport.aborted.wait()
    assert len(transport.written) == before


async def next_frame(client: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await client.recv())
        if frame["type"] == kind:
            return frame


@pytest.mark.django_db(transaction=True)
async def test_frames_of_every_size_arrive_whole(
    server: str, wide_market: None, tick: MakeTick
) -> None:
    async with asyncio.timeout(20), connect(f"ws://{server}/ws/prices?full=1") as client:
        await next_frame(client, "snapshot")
        for step, count in enumerate((1, 7, 120, 1), start=1):
            await move(tick, step, TICKERS[:count])
            frame = await next_frame(client, "prices")
            assert {quote["price"] for quote in frame["quotes"]} == {f"{10 + step}.00"}
            assert len(frame["quotes"]) == count
        await client.send('{"type":"ping"}')
        assert await client.recv() == '{"type":"pong"}'  # under 126 bytes
        everything = ",".join(TICKERS)
    async with connect(f"ws://{server}/ws/prices?tickers={everything}") as client:
        assert len((await next_frame(client, "snapshot"))["quotes"]) == 120


@pytest.mark.django_db(transaction=True)
async def test_what_a_socket_keeps_lies_in_slots(server: str, wide_market: None) -> None:
    async with asyncio.timeout(20), connect(f"ws://{server}/ws/prices") as client:
        await next_frame(client, "snapshot")
        await (await client.ping())
        gc.collect()  # those of others that ended
        kept = [vars(each) for each in gc.get_objects() if type(each) is PriceSocketProtocol]
    assert kept
    assert not any(kept)


def reluctant(server: str) -> socket.socket:
    """A socket whose kernel takes little for it."""
    host, port = server.split(":")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((host, int(port)))
    return made


@pytest.mark.django_db(transaction=True)
async def test_a_client_that_stops_reading_misses_prices_but_never_the_newest(
    server: str, wide_market: None, tick: MakeTick
) -> None:
    runs = 40
    sock = await sync_to_async(reluctant)(server)
    async with (
        asyncio.timeout(30),
        connect(f"ws://{server}/ws/prices", sock=sock, max_queue=1) as client,
        connect(f"ws://{server}/ws/prices/T000") as quick,
    ):
        await next_frame(client, "snapshot")
        for step in range(1, runs + 1):
            await move(tick, step)
        while (await next_frame(quick, "prices"))["quotes"][0]["price"] != f"{10 + runs}.00":
            pass
        prices: list[str] = []
        while not prices or prices[-1] != f"{10 + runs}.00":
            frame = await next_frame(client, "prices")
            assert len(frame["quotes"]) == len(TICKERS)
            prices.append(frame["quotes"][0]["price"])
    assert prices == sorted(prices)
    assert len(prices) < runs / 2
