"""Clients that take too much: they are told or cut off, and their neighbours notice nothing."""

import asyncio
import struct
from typing import Any

import pytest
from pytest_django import Settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from accounts.models import User
from accounts.services import tokens_issue
from pricefeed.delivery import rounds, turns
from pricefeed.delivery.limits import Addresses, TokenBucket
from pricefeed.delivery.publish import publish
from pricefeed.delivery.socket import MAX_BAD_MESSAGES
from pricefeed.recording.services import record
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.delivery.conftest import closed, move, off_loop
from tests.pricefeed.delivery.raw import BEGINNING, MIDDLE, PING, PONG, TEXT, RawClient, frame
from tests.pricefeed.delivery.test_sockets import opened

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_user_has_so_many_sockets_and_no_more(
    server: str, alice: User, bob: User, settings: Settings
) -> None:
    settings.SOCKETS_PER_USER = 2
    tokens = [str(tokens_issue(user=user).access) for user in (alice, bob)]
    async with opened(server, "/ws/watchlist", tokens[0]) as first:
        await first.hear_kinds("welcome", "snapshot")
        async with opened(server, "/ws/watchlist", tokens[0]) as second:
            await second.hear_kinds("welcome", "snapshot")
            async with opened(server, "/ws/watchlist", tokens[0]) as third:
                assert await third.hear_close() == 4029
            async with opened(server, "/ws/watchlist", tokens[1]) as anothers:
                await anothers.hear_kinds("welcome", "snapshot")
        async with opened(server, "/ws/watchlist", tokens[0]) as again:
            await again.hear_kinds("welcome", "snapshot")


async def test_an_address_has_so_many_sockets_and_no_more(server: str, settings: Settings) -> None:
    settings.SOCKETS_PER_ADDRESS = 2
    async with opened(server, "/ws/prices") as first, opened(server, "/ws/watchlist"):
        await first.hear_kinds("welcome", "snapshot")
        for path in ("/ws/prices", "/ws/watchlist"):
            async with opened(server, path) as third:
                assert await third.hear_close() == 4029
    async with opened(server, "/ws/prices") as again:
        await again.hear_kinds("welcome", "snapshot")


@pytest.mark.parametrize(
    ("first", "same", "another"),
    [
        ("6.6.6.6, 198.51.100.1", "7.7.7.7, 198.51.100.1", "6.6.6.6, 198.51.100.2"),
        ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1"),
    ],
)
async def test_behind_a_proxy_the_address_that_it_saw_counts_and_of_ipv6_the_network(
    server: str, settings: Settings, first: str, same: str, another: str
) -> None:
    settings.BEHIND_PROXY, settings.SOCKETS_PER_ADDRESS = True, 1
    name = "X-Forwarded-For"
    async with opened(server, "/ws/prices", **{name: first}) as one:
        await one.hear_kinds("welcome", "snapshot")
        async with opened(server, "/ws/prices", **{name: same}) as second:
            assert await second.hear_close() == 4029
        async with opened(server, "/ws/prices", **{name: another}) as anothers:
            await anothers.hear_kinds("welcome", "snapshot")


def test_an_address_that_has_left_is_forgotten() -> None:
    addresses = Addresses()
    assert addresses.enter("192.0.2.1", allowed=1)
    assert not addresses.enter("192.0.2.1", allowed=1)
    assert addresses.enter("192.0.2.2", allowed=1)
    addresses.leave("192.0.2.1")
    assert addresses.enter("192.0.2.1", allowed=1)
    addresses.leave("192.0.2.1")
    addresses.leave("192.0.2.2")
    assert not addresses._open


def test_the_pace_forgives_with_time_but_saves_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bucket = TokenBucket(2.0)
    assert [bucket.take() for _ in range(6)] == [True] * 4 + [False] * 2
    now[0] += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] += 3600
    assert [bucket.take() for _ in range(5)] == [True] * 4 + [False]


async def test_who_speaks_too_fast_is_told_and_then_closed(server: str, settings: Settings) -> None:
    settings.SOCKET_MESSAGES_PER_SECOND = 0.5
    async with opened(server, "/ws/prices") as hasty:
        await hasty.hear_kinds("welcome", "snapshot")
        for _ in range(1 + MAX_BAD_MESSAGES):
            await hasty.say({"type": "ping"})
        error = await hasty.hear_kinds("pong", *["error"] * MAX_BAD_MESSAGES)
        assert error["code"] == "too_many_messages"
        before = closed(4029)
        await hasty.say({"type": "ping"})
        assert await hasty.hear_close() == 4029
        assert closed(4029) == before + 1


@pytest.mark.parametrize(
    ("flood", "code"),
    [
        (frame(TEXT, b'{"type":"ping"}'), 4029),
        (frame(TEXT), 4029),
        (frame(PING), 4029),
        (frame(PONG, b"none asked for this"), 4029),
        (frame(MIDDLE), 1009),
    ],
    ids=["messages", "empty messages", "pings", "pongs", "fragments"],
)
async def test_a_flood_is_cut_off_at_its_beginning(
    server: str,
    market: None,
    tick: MakeTick,
    monkeypatch: pytest.MonkeyPatch,
    flood: bytes,
    code: int,
) -> None:
    parsed: list[int] = []
    receive = WebSocketsSansIOProtocol.data_received

    def count(protocol: Any, data: bytes) -> None:
        parsed.append(len(data))
        receive(protocol, data)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", count)
    beginning = frame(BEGINNING) if flood == frame(MIDDLE) else b""
    async with opened(server, "/ws/prices/A") as neighbour:
        await neighbour.hear_kinds("welcome", "snapshot")
        raw = await asyncio.to_thread(RawClient, server)
        await asyncio.to_thread(raw.send, beginning + flood * 100_000)
        await off_loop(lambda: publish(record([tick("A", "11")])))
        await neighbour.hear_kinds("prices")
        assert struct.pack("!H", code) in await asyncio.to_thread(raw.read_to_end)
    assert sum(parsed) < 20 * 4096


async def test_a_client_that_reads_nothing_is_cut_off_and_its_neighbour_is_not(
    server: str, wide_market: None, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = closed(4102)
    monkeypatch.setattr(rounds, "STALLED_SECONDS", 0.5)
    async with opened(server, "/ws/prices/T000") as neighbour:
        await neighbour.hear_kinds("welcome", "snapshot")
        raw = await asyncio.to_thread(RawClient, server, receive_bytes=1024)
        for step in range(20):  # many times what the kernel takes for a client
            await move(tick, step)
            await neighbour.hear_kinds("prices")
        async with asyncio.timeout(20):
            while closed(4102) == before:  # noqa: ASYNC110  nobody else is told
                await asyncio.sleep(0.05)
        received = await asyncio.to_thread(raw.read_to_end)
        assert received.count(b'"type":"prices"') < 10
        await neighbour.say({"type": "ping"})
        await neighbour.hear_kinds("pong")


async def test_who_answers_no_pings_is_cut_off_and_who_answers_is_not(
    server: str, wide_market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ROUND_SECONDS", 0.02)  # everybody is pinged every 1.8 s
    async with opened(server, "/ws/prices/T000") as neighbour:
        await neighbour.hear_kinds("welcome", "snapshot")
        raw = await asyncio.to_thread(RawClient, server)
        received = await asyncio.to_thread(raw.read_to_end)
        assert received.count(bytes([PING, 0])) == 1
        assert received.count(b'"type":"heartbeat"') > 2
        await neighbour.hear_kinds(*["heartbeat"] * 10)
