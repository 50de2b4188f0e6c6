"""`/ws/anomalies` when words are lost, Redis or Postgres is away, or nobody reads."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from pricefeed.delivery import anomalies, rounds
from pricefeed.recording.analytics import selectors
from tests.conftest import serving
from tests.faults.stalled import Stalled
from tests.pricefeed.delivery.anomalies import commit, find, refused, told
from tests.pricefeed.delivery.conftest import closed, off_loop
from tests.pricefeed.delivery.test_sockets import cut_subscribers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("market")]


async def test_while_postgres_is_away_sockets_are_asked_to_come_back(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with told(server) as witness:
        monkeypatch.setattr(selectors, "_anomalies", away)
        async with refused(server, "?since=999") as client:
            assert await client.hear_close() == 4103
        await witness.hears_nothing()


def away(*_: Any) -> Any:
    raise ConnectionError("it is away")


async def test_where_no_word_arrives_it_is_found_within_seconds(server: str) -> None:
    async with told(server) as client:
        found = await off_loop(lambda: commit("A"))
        async with asyncio.timeout(anomalies.LOOK_SECONDS + 10):
            await client.until(*found)


async def test_after_its_link_to_redis_broke_words_arrive_again(
    server: str, looks_seldom: None
) -> None:
    async with told(server) as client:
        await client.until(*await find("A"))
        known = client.ids
        missed = await off_loop(lambda: commit("B"))
        await cut_subscribers()
        await client.until(*known, *missed)  # the link is back, and so nothing may be missing
        await client.until(*known, *missed, *await find("C"))


async def test_what_fails_to_be_read_is_read_later(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomalies, "LOOK_SECONDS", 0.1)
    async with told(server) as client:
        with monkeypatch.context() as patched:
            asked = Mock(side_effect=away)
            patched.setattr(selectors, "_anomalies", asked)
            found = await find("A")
            while asked.call_count < 2:  # noqa: ASYNC110  nobody else is told
                await asyncio.sleep(0.01)
            await client.hears_nothing()
        await client.until(*found)


@pytest.fixture
def stalled(server: str) -> Iterator[Stalled]:
    made = Stalled(int(server.rpartition(":")[2]), "anomalies?since=0")
    yield made
    made.close()


def heard(client: Stalled) -> list[int]:
    """What came before it was cut."""
    ids: list[int] = []
    try:
        for frame in client.read(seconds=3):
            ids += [each["id"] for each in frame.get("anomalies", ())]
    except ConnectionError:
        pass
    return ids


async def test_who_does_not_read_is_cut_and_goes_on_from_there_without_a_gap_or_a_doubling(
    server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    before = closed(4102)
    monkeypatch.setattr(rounds, "STALLED_SECONDS", 0.5)
    found = await off_loop(lambda: commit("A", times=4000))
    client: Stalled = await asyncio.to_thread(request.getfixturevalue, "stalled")
    async with told(server, "?since=0") as neighbour:
        await neighbour.until(*found)
        async with asyncio.timeout(9):  # it would be ten
            while closed(4102) == before:  # noqa: ASYNC110  nobody else is told
                await asyncio.sleep(0.01)
    came = await asyncio.to_thread(heard, client)
    assert came == found[: len(came)]
    assert 0 < len(came) < len(found) / 2  # the rest was not kept for it
    found += await find("B")
    async with told(server, f"?since={came[-1]}") as again:
        await again.until(*found[len(came) :])


async def test_who_reads_slowly_is_told_everything_all_the_same(
    server: str, request: pytest.FixtureRequest
) -> None:
    found = await off_loop(lambda: commit("A", times=4000))
    client: Stalled = await asyncio.to_thread(request.getfixturevalue, "stalled")
    await asyncio.sleep(0.5)
    live = await find("B")

    def read_all() -> list[int]:
        ids: list[int] = []
        for frame in client.read(seconds=20):
            ids += [each["id"] for each in frame.get("anomalies", ())]
            time.sleep(0.005)
            if ids and ids[-1] == live[-1]:
                break
        return ids

    assert await asyncio.to_thread(read_all) == found + live


async def test_a_server_that_leaves_sends_them_away_with_a_hint(transactional_db: None) -> None:
    running = serving()
    server = await asyncio.to_thread(running.__enter__)
    async with told(server) as client:
        leaving = asyncio.ensure_future(asyncio.to_thread(running.__exit__, None, None, None))
        assert await client.hear_close() == 4100
        assert client.close_reason.startswith("going away; retry_after_ms=")
    await leaving
