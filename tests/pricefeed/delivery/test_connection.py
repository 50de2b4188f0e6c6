import asyncio
from typing import Any

from pricefeed.delivery.connection import Connection
from tests.pricefeed.delivery.conftest import closed


class Server:
    """An ASGI send whose socket can be made to stall."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.writable.set()
        self.sent: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        await self.writable.wait()
        await asyncio.sleep(0)
        self.sent.append(message)

    async def send_at_once(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


async def test_a_write_that_need_not_wait_is_done_when_write_returns() -> None:
    server = Server()
    connection = Connection(server.send_at_once, on_free=lambda _: None)
    connection.write("a")
    assert [each["text"] for each in server.sent] == ["a"]
    assert not connection.blocked


async def test_a_stalled_write_blocks_until_the_socket_drains_and_says_so_once() -> None:
    server = Server()
    freed: list[Connection] = []
    connection = Connection(server.send, on_free=freed.append)
    server.writable.clear()
    connection.write("a")
    assert connection.blocked
    await asyncio.sleep(0.01)
    assert (server.sent, freed) == ([], [])
    server.writable.set()
    await asyncio.sleep(0.01)
    assert [each["text"] for each in server.sent] == ["a"]
    assert freed == [connection]
    assert not connection.blocked


async def test_closing_a_stalled_connection_drops_its_waiting_write() -> None:
    server = Server()
    connection = Connection(server.send, on_free=lambda _: None)
    server.writable.clear()
    connection.write("never")
    connection.close(4100)
    await asyncio.sleep(0.01)
    server.writable.set()
    await asyncio.sleep(0.01)
    assert [each["type"] for each in server.sent] == ["websocket.close"]


async def test_each_socket_that_we_close_is_counted_once_by_its_code() -> None:
    before = closed(4100), closed(4102)
    for _ in range(2):
        connection = Connection(Server().send_at_once, on_free=lambda _: None)
        connection.close(4102)
        connection.close(4100)
    assert (closed(4100), closed(4102)) == (before[0], before[1] + 2)
    connection = Connection(Server().send_at_once, on_free=lambda _: None)
    connection.gone()
    connection.close(4100)
    assert closed(4100) == before[0]


async def test_a_client_that_left_is_not_an_error() -> None:
    async def send(message: dict[str, Any]) -> None:
        raise OSError("gone")

    async def send_later(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        raise OSError("gone")

    for broken in (send, send_later):
        freed: list[Connection] = []
        connection = Connection(broken, on_free=freed.append)
        connection.write("a")
        await asyncio.sleep(0.01)
        assert connection.closed
        assert freed == []


async def test_leaving_cancels_the_waiting_write() -> None:
    server = Server()
    server.writable.clear()
    connection = Connection(server.send, on_free=lambda _: None)
    connection.write("a")
    connection.gone()
    await asyncio.sleep(0.01)
    server.writable.set()
    await asyncio.sleep(0.01)
    assert server.sent == []
