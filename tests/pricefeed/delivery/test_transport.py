"""Frames written past ASGI: as the standard says, and never more than the socket takes."""

import asyncio
import gc
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from websockets.asyncio.client import ClientConnection, connect

from pricefeed.delivery.connection import Connection
from pricefeed.delivery.transport import PriceSocketProtocol
from pricefeed.delivery.writer import text_frame
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.delivery.conftest import TICKERS, move


class FullSocket:
    """A writer that takes one write and is full then."""

    on_free: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_aborted = False

    def write(self, frames: bytes) -> bool:
        self.written.append(frames)
        return False

    def abort(self) -> None:
        self.is_aborted = True


async def no_send(message: dict[str, Any]) -> None:
    raise AssertionError(message)


async def test_a_full_socket_blocks_its_connection_until_it_says_otherwise() -> None:
    freed: list[Connection] = []
    writer = FullSocket()
    connection = Connection(no_send, writer=writer, on_free=freed.append)
    connection.write("text")
    assert (writer.written, connection.blocked) == ([text_frame("text")], True)
    assert writer.on_free is not None
    writer.on_free()
    assert (freed, connection.blocked) == ([connection], False)


async def test_what_belongs_together_goes_out_in_one_write() -> None:
    writer = FullSocket()
    connection = Connection(no_send, writer=writer, on_free=lambda _: None)
    connection.write_together("a", "b")
    assert writer.written == [text_frame("a") + text_frame("b")]
    assert connection.blocked


async def test_closing_a_full_socket_cuts_it_off_since_it_would_not_hear_of_it() -> None:
    writer = FullSocket()
    connection = Connection(no_send, writer=writer, on_free=lambda _: None)
    connection.write("text")
    connection.close(4100)
    assert writer.is_aborted


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
    async with asyncio.timeout(10), connect(f"ws://{server}/ws/prices") as client:
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
