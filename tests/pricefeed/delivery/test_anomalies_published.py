"""From the commit that finds anomalies to the sockets that are told of them."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection

from pricefeed.delivery.groups import ANOMALIES_GROUP
from pricefeed.delivery.publish import publish
from pricefeed.models import Anomaly
from pricefeed.recording import services
from pricefeed.recording.analytics.selectors import anomalies_after
from pricefeed.recording.services import Recorded, record
from pricefeed.ticks import Tick
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.delivery.anomalies import told
from tests.pricefeed.delivery.conftest import off_loop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("market")]


@pytest.fixture
def jump(tick: MakeTick) -> Any:
    """`jump("A", 7)`: two ticks of the seventh second, the second of them 3 percent higher."""

    def make(ticker: str, second: int) -> list[Tick]:
        return [tick(ticker, "100", seconds=second), tick(ticker, "103", seconds=second + 0.5)]

    return make


async def test_what_recording_finds_is_told_with_the_prices(
    server: str, jump: Any, looks_seldom: None
) -> None:
    async with told(server) as client, told(server, "?ticker=B") as bs, asyncio.timeout(20):
        await off_loop(lambda: publish(record(jump("A", 1) + jump("B", 1))))
        while len(client.ids) < 2:
            await client.hear()
        await bs.hear()
    assert [each["ticker"] for each in client.anomalies] == ["A", "B"]
    assert bs.anomalies == client.anomalies[1:]
    assert client.anomalies[0]["pct_change"] == "3.00"


async def test_what_a_worker_found_that_died_before_it_published_is_told_by_the_next(
    server: str, jump: Any, tick: MakeTick, looks_seldom: None
) -> None:
    await off_loop(lambda: publish(record([tick("A", "100")])))  # the first one wakes readers, too
    async with told(server) as client, asyncio.timeout(20):
        await off_loop(lambda: record(jump("B", 1)))
        await client.hears_nothing()
        await off_loop(lambda: publish(record([tick("A", "100.1", seconds=9)])))
        await client.hear()
    assert [each["ticker"] for each in client.anomalies] == ["B"]


async def test_a_run_that_found_none_wakes_nobody(jump: Any, tick: MakeTick) -> None:
    await off_loop(lambda: publish(record([tick("A", "100")])))
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(ANOMALIES_GROUP, channel)
    await off_loop(lambda: publish(record([tick("A", "100.1", seconds=2)])))
    await off_loop(lambda: publish(record(jump("B", 4))))
    async with asyncio.timeout(20):
        assert [await layer.receive(channel)] == [{"type": "anomalies.found"}]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await layer.receive(channel)
    await layer.flush()


def test_ids_become_visible_in_their_order_whoever_commits_first(
    jump: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has its ids and lingers before its commit: nobody else gets any meanwhile."""
    has_ids, may_commit = threading.Event(), threading.Event()
    analyse = services.analyse

    def lingering(*args: Any, **options: Any) -> int:
        found = analyse(*args, **options)
        if not has_ids.is_set():
            has_ids.set()
            assert may_commit.wait(10)
        return found

    monkeypatch.setattr(services, "analyse", lingering)

    def recorded(ticks: list[Tick]) -> Recorded:
        try:
            return record(ticks)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(recorded, jump("A", 1))
        assert has_ids.wait(10)
        second = pool.submit(recorded, jump("B", 1) + jump("C", 1))
        with pytest.raises(TimeoutError):
            second.result(0.5)
        assert anomalies_after(after=0, limit=9) == []
        may_commit.set()
        assert (first.result(10).anomaly_count, second.result(10).anomaly_count) == (1, 2)
    by_id = Anomaly.objects.order_by("pk").values_list("security__ticker", flat=True)
    assert list(by_id) == ["A", "B", "C"]
