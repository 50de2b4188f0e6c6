"""SIGHUP replaces the web processes one after another, and nobody goes without prices."""

import asyncio
import json
import random
import re
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from pricefeed.services import prices_update
from securities.models import Security
from tests.integration.conftest import MakeWire, PrivateRedis
from tests.integration.processes import Processes, is_alive
from tests.integration.test_leaving import living, opened
from tests.integration.test_server_process import Rising, next_frame
from tests.integration.web import Web

CLIENTS = 300
PERIOD_SECONDS = 2.0
GOING_AWAY = 4100


@dataclass
class Seen:
    """What one client lived through; it fails where a sequence goes backwards."""

    longest_gap: float = 0.0
    connections: int = 0
    codes: list[int] = field(default_factory=list)
    _sequences: dict[str, int] = field(default_factory=dict)
    _newer_at: float | None = None

    def take(self, frame: dict[str, Any]) -> None:
        is_newer = False
        for quote in frame.get("quotes", ()):
            before = self._sequences.get(quote["ticker"], 0)
            assert quote["sequence"] >= before, (quote, before)
            is_newer |= quote["sequence"] > before
            self._sequences[quote["ticker"]] = quote["sequence"]
        if is_newer:
            self._count_gap()

    def _count_gap(self) -> None:
        now = time.monotonic()
        if self._newer_at is not None:
            self.longest_gap = max(self.longest_gap, now - self._newer_at)
        self._newer_at = now

    def end(self) -> None:
        """Who got nothing any more has a gap, too."""
        self._count_gap()


async def follow(url: str, seen: Seen) -> None:
    """As docs/protocol.md says, for ever."""
    while True:
        try:
            async with connect(url, compression=None, open_timeout=10) as client:
                seen.connections += 1
                async for text in client:
                    seen.take(json.loads(text))
        except ConnectionClosed:
            pass
        except OSError:  # not let in
            await asyncio.sleep(random.uniform(0, 0.4))
            continue
        seen.codes.append(client.close_code or 0)
        hint = re.fullmatch(r"going away; retry_after_ms=(\d{1,6})", client.close_reason or "")
        assert hint, (client.close_code, client.close_reason)
        await asyncio.sleep(int(hint[1]) / 1000)


class Crowd:
    """Clients in a thread of their own."""

    def __init__(self, url: str, count: int) -> None:
        self.members = [Seen() for _ in range(count)]
        self._url = url
        self._enough = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self._thread.start()

    async def _live(self) -> None:
        tasks = [asyncio.ensure_future(follow(self._url, each)) for each in self.members]
        while not self._enough.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self._failed += [task.exception() or AssertionError() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def are_in(self) -> bool:
        return all(each.connections and each._newer_at for each in self.members)

    def leave(self) -> None:
        self._enough.set()
        self._thread.join()
        for each in self.members:
            each.end()
        assert not self._failed, self._failed[0]


def tick_until(condition: Any, *, seconds: float) -> None:
    """Runs of the feed, a period apart, until the condition holds after one."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        began = time.monotonic()
        prices_update(source=Rising())
        time.sleep(max(0.0, PERIOD_SECONDS - (time.monotonic() - began)))


def test_a_rolling_restart_leaves_nobody_without_new_prices_for_two_periods(
    processes: Processes, here: None, market: list[Security]
) -> None:
    prices_update(source=Rising())
    web = Web(processes, WEB_PROCESSES="2")
    old = web.running.below()
    crowd = Crowd(f"ws://127.0.0.1:{web.port}/ws/prices", CLIENTS)
    try:
        tick_until(crowd.are_in, seconds=30)
        web.running.popen.send_signal(signal.SIGHUP)
        tick_until(lambda: "web_restart_done" in web.running.output, seconds=40)
        for _ in range(2):
            tick_until(iter([False, True]).__next__, seconds=30)
    finally:
        crowd.leave()

    assert not any(map(is_alive, old))
    assert len(living(web)) == 2
    assert {code for each in crowd.members for code in each.codes} == {GOING_AWAY}
    assert all(each.connections > 1 for each in crowd.members)
    assert max(each.longest_gap for each in crowd.members) < 2 * PERIOD_SECONDS


def test_a_new_process_that_cannot_serve_leaves_the_old_one_alone(
    processes: Processes,
    here: None,
    market: list[Security],
    private_redis: PrivateRedis,
    wire: MakeWire,
) -> None:
    prices_update(source=Rising())
    link, url = wire(private_redis.url)
    web = Web(processes, WEB_PROCESSES="2", REDIS_URL=url)
    before = living(web)
    with opened(web) as client:
        next_frame(client, "snapshot")
        link.cut()
        web.running.popen.send_signal(signal.SIGHUP)
        web.running.await_said("web_process_not_replaced")
        web.running.await_said("web_process_cannot_serve")
        assert living(web) == before

        link.mend()
        prices_update(source=Rising())
        next_frame(client, "prices")  # it never lost its socket
        web.running.popen.send_signal(signal.SIGHUP)
        web.running.await_said("web_restart_done")
        assert not living(web) & before


@pytest.mark.parametrize("moment", ["web_restart_begun", "web_process_replaced"])
def test_a_signal_to_stop_amid_a_restart_stops_old_and_new(
    processes: Processes, market: list[Security], moment: str
) -> None:
    web = Web(processes, WEB_PROCESSES="2", WEB_DRAIN_SECONDS="0")
    web.running.popen.send_signal(signal.SIGHUP)
    web.running.await_said(moment)
    everybody = web.running.below()
    assert web.running.stop(seconds=5) == 0, web.running.told()
    assert not any(map(is_alive, everybody))
