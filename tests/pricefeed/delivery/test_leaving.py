"""How a crowd is sent away: everybody in time, nobody in a rush, each told when to come back."""

import asyncio
import math
import re
import time
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from pricefeed.delivery import leaving
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.leaving import JITTER_SECONDS, farewell, send_away
from pricefeed.delivery.writer import NOWHERE, Author, Way
from tests.pricefeed.delivery.conftest import Clock, Join, Run

GOING_AWAY = 4100


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes by sleeping alone."""
    made = Clock()
    monkeypatch.setattr(leaving, "time", made)
    return made


class Told:
    """Connections, and when each was closed and is to come back, in seconds from the start."""

    def __init__(self, count: int, now: Callable[[], float]) -> None:
        self._now, self._began = now, now()
        self.closed: dict[int, float] = {}
        self.back: dict[int, float] = {}
        self.connections = [self._make(number) for number in range(count)]

    def _make(self, number: int) -> Connection:
        async def send(message: dict[str, Any]) -> None:
            assert message["code"] == GOING_AWAY
            at = self._now() - self._began
            self.closed[number] = at
            self.back[number] = at + hint(message["reason"])

        return Connection(send, on_free=lambda _: None)


def hint(reason: str) -> float:
    """Seconds, read as a client reads them."""
    found = re.fullmatch(r"going away; retry_after_ms=(\d{1,6})", reason)
    assert found, reason
    return int(found[1]) / 1000


def per_second(times: Iterable[float]) -> int:
    """The most in any second."""
    counts: dict[int, int] = {}
    for each in times:
        counts[int(each)] = counts.get(int(each), 0) + 1
    return max(counts.values())


@pytest.fixture
def paced(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`await paced(5000, within=6.0)`: a crowd sent away on a clock of its own."""

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(leaving, "asyncio", SimpleNamespace(sleep=sleep))

    async def send(count: int, *, within: float) -> Told:
        told = Told(count, clock.monotonic)
        end = clock.now + within
        await send_away(told.connections, until=lambda: end)
        return told

    return send


async def test_five_thousand_go_at_a_pace_and_hardly_wait(paced: Callable[..., Any]) -> None:
    told = await paced(5000, within=math.inf)
    assert len(told.closed) == 5000
    assert max(told.closed.values()) == pytest.approx(10, abs=0.5)
    assert per_second(told.back.values()) < 650
    waits = [told.back[number] - told.closed[number] for number in told.closed]
    assert max(waits) < JITTER_SECONDS + 0.2  # well under the shortest period


async def test_a_hundred_thousand_in_a_hurry_are_gone_in_time_and_come_back_at_the_same_pace(
    paced: Callable[..., Any],
) -> None:
    told = await paced(100_000, within=6.0)
    assert len(told.closed) == 100_000
    assert max(told.closed.values()) < 6.2
    assert per_second(told.back.values()) < 650
    assert 199 < max(told.back.values()) < 201


async def test_at_leisure_nobody_waits_however_many_there_are(paced: Callable[..., Any]) -> None:
    told = await paced(20_000, within=math.inf)
    assert max(told.closed.values()) == pytest.approx(40, abs=1)
    assert max(told.back[n] - told.closed[n] for n in told.closed) < JITTER_SECONDS + 0.2


async def test_those_who_go_first_are_not_those_who_came_first(paced: Callable[..., Any]) -> None:
    told = await paced(500, within=6.0)
    assert sorted(told.closed, key=told.closed.__getitem__)[:50] != list(range(50))


async def test_a_hurry_that_comes_later_counts() -> None:
    told = Told(20_000, time.monotonic)  # at leisure they would take 40 s
    ends = [math.inf]
    task = asyncio.ensure_future(send_away(told.connections, until=lambda: ends[0]))
    while not told.closed:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert len(told.closed) < 20_000
    ends[0] = time.monotonic()
    async with asyncio.timeout(20):
        await task
    assert len(told.closed) == 20_000


async def test_a_socket_that_is_full_has_until_the_end_to_recover() -> None:
    cut: list[str] = []

    class Full:
        def attach(self, author: Author) -> Way:
            author.pause_writing()
            return NOWHERE

        def abort(self) -> None:
            cut.append("cut")

    told = Told(200, time.monotonic)
    stalled = Connection(told.connections[0]._send, writer=Full(), on_free=lambda _: None)
    end = time.monotonic() + 5
    await send_away([stalled, *told.connections[1:]], until=lambda: end)
    assert (len(told.closed), cut, stalled.closed) == (199, ["cut"], True)


async def test_nobody_to_send_away_takes_no_time() -> None:
    async with asyncio.timeout(0.01):
        await send_away([], until=lambda: math.inf)


def test_no_hint_is_longer_than_clients_take() -> None:
    assert hint(farewell(1e9)) == 999.999
    assert hint(farewell(-5.0)) <= JITTER_SECONDS


@pytest.mark.django_db(transaction=True)
async def test_who_has_not_had_its_turn_goes_on_getting_prices(
    run: Run, join: Join, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "RETURNS_PER_SECOND", 20)
    await run({"A": "10"})
    clients = [await join(asked=("A",)) for _ in range(20)]
    task = asyncio.ensure_future(hub.send_away(until=lambda: math.inf))
    while not any(client.close_code for client in clients):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await run({"A": "11"})
    stay = [client for client in clients if client.close_code is None]
    assert stay
    for client in stay:
        await client.until_prices(A="11.00")
    await task
    assert {client.close_code for client in clients} == {GOING_AWAY}
    assert max(hint(client.close_reason) for client in clients) < 1
