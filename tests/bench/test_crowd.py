"""The load client believes nothing: what a server gets wrong fails the run."""

import asyncio
import json
import time
from typing import Any

import pytest

from bench.crowd.crowd import Crowd
from bench.crowd.member import Member
from bench.crowd.websocket import PONG, BadFrame, Frames, handshake, masked
from bench.market.plan import Guest
from bench.process import BenchmarkFailed

HEAD = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


def frame(payload: bytes, *, opcode: int = 1) -> bytes:
    if len(payload) < 126:
        head = bytes((0x80 | opcode, len(payload)))
    else:
        head = bytes((0x80 | opcode, 126)) + len(payload).to_bytes(2)
    return head + payload


def prices(*sequences: tuple[str, int], without: str = "") -> bytes:
    quotes: list[dict[str, Any]] = [
        {
            "ticker": ticker,
            "price": f"{sequence}.00",
            "abs_change": "1.00",
            "pct_change": "1.00",
            "updated_at": 1,
            "sequence": sequence,
        }
        for ticker, sequence in sequences
    ]
    for quote in quotes:
        quote.pop(without, None)
    return frame(json.dumps({"type": "prices", "quotes": quotes}).encode())


def a_member(crowd: Crowd) -> Member:
    member = Member(Guest("/", None, ("A", "B")), crowd.tally)
    crowd.members.append(member)
    member.data_received(HEAD)
    return member


async def test_a_tick_is_received_when_every_newest_price_is_held() -> None:
    crowd = Crowd()
    first, second = a_member(crowd), a_member(crowd)
    first.data_received(prices(("A", 1), ("B", 2)))
    held = asyncio.ensure_future(crowd.hold({"A": (1, "1.00"), "B": (2, "2.00")}))
    await asyncio.sleep(0)

    second.data_received(prices(("A", 1)))
    await asyncio.sleep(0)
    assert not held.done()
    second.data_received(prices(("B", 2)))
    await held

    assert crowd.heard().frames == 3
    assert crowd.heard().frames == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (prices(("A", 5)), "5 after 5"),
        (prices(("A", 4)), "4 after 5"),
        (prices(("C", 6)), "never asked for"),
        (prices(("A", 6), without="price"), "missing required field"),
        (frame(b"{"), "truncated"),
        (frame((4102).to_bytes(2), opcode=8), "closed with 4102"),
        (frame(b"", opcode=2), "binary"),
        (frame(b"", opcode=3), "opcode 3"),
        (b"\x01\x00", "fragments"),
    ],
)
async def test_what_a_server_gets_wrong_fails_the_run(wrong: bytes, reason: str) -> None:
    crowd = Crowd()
    member = a_member(crowd)
    member.data_received(prices(("A", 5), ("B", 5)))

    member.data_received(wrong)

    with pytest.raises(BenchmarkFailed, match=reason):
        await crowd.hold({"A": (7, "7.00"), "B": (5, "5.00")})


async def test_a_socket_that_ends_fails_the_run() -> None:
    crowd = Crowd()
    a_member(crowd).connection_lost(None)

    with pytest.raises(BenchmarkFailed, match="was closed"):
        await crowd.hold({"A": (1, "1.00")})


async def test_a_newest_sequence_with_another_price_is_not_the_newest_price() -> None:
    member = a_member(Crowd())
    member.data_received(prices(("A", 5), ("B", 5)))

    assert not member.holds({"A": (5, "5.01"), "B": (5, "5.00")})


async def test_who_comes_back_may_be_told_the_same_again_but_nothing_older() -> None:
    crowd = Crowd()
    member = a_member(crowd)
    member.data_received(prices(("A", 5), ("B", 5)))
    member.cut()
    assert not member.holds({"A": (5, "5.00"), "B": (5, "5.00")})

    member.data_received(prices(("A", 5)))
    member.returning = False  # it is in
    member.data_received(prices(("B", 4)))

    with pytest.raises(BenchmarkFailed, match="4 after coming back"):
        await crowd.hold({"A": (5, "5.00"), "B": (5, "5.00")})


async def test_arrivals_are_when_frames_came_not_when_they_were_read() -> None:
    crowd = Crowd()
    member = a_member(crowd)
    member.data_received(prices(("A", 1)))
    member.begins()
    crowd.tally.keeps_arrivals = True
    before = time.monotonic()
    member.data_received(prices(("A", 2)))
    after = time.monotonic()
    assert not member.holds({"A": (2, "2.00")})

    crowd.tally.understand()

    assert member.holds({"A": (2, "2.00")})
    heard = crowd.heard()
    assert before <= heard.arrivals[0] <= after
    assert len(heard.arrivals) == 1


async def test_nobody_connects_where_nobody_listens() -> None:
    with pytest.raises(OSError, match="onnect"):
        await Crowd().gather(1, [Guest("/", None, ())])


async def test_a_refused_socket_fails_the_run() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BenchmarkFailed, match="403"):
            await Crowd().gather(port, [Guest("/", None, ())])


def test_frames_are_whole_however_they_were_cut() -> None:
    sent = frame(b"") + frame(b"x" * 125) + frame(b"y" * 300) + frame(b"z", opcode=9)
    for size in (1, 2, 3, 7, 100, len(sent)):
        frames = Frames()
        found = [
            each for at in range(0, len(sent), size) for each in frames.of(sent[at : at + size])
        ]
        assert [(each.opcode, len(each.payload)) for each in found] == [
            (1, 0),
            (1, 125),
            (1, 300),
            (9, 1),
        ]
        assert sum(each.size for each in found) == len(sent)


def test_a_masked_frame_of_a_server_is_refused() -> None:
    with pytest.raises(BadFrame):
        list(Frames().of(b"\x81\x81abcdx"))


def test_pings_are_answered_masked() -> None:
    assert masked(PONG, b"abcd") == b"\x8a\x84\x00\x00\x00\x00abcd"


def test_the_token_travels_in_the_header() -> None:
    assert b"Authorization: Bearer secret\r\n" in handshake("/", port=1, token="secret")
    assert b"Authorization" not in handshake("/", port=1, token=None)
