"""`/metrics` of several processes: one answers for all, whoever is away."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from accounts.models import User
from accounts.services import tokens_issue
from config import metrics
from securities.models import Security
from tests.config.test_metrics import figures
from tests.integration.conftest import MakeWire
from tests.integration.network import Wire
from tests.integration.processes import STOP_SECONDS, Processes, wait_until
from tests.integration.web import Web


def counted(web: Web) -> dict[str, float]:
    found = figures(httpx.get(f"{web.url}/metrics").text)
    return {kind: found[f"tickwatch_connections{{{kind}}}"] for kind in ("watchlist", "prices")}


def test_whichever_process_is_asked_says_how_many_sockets_all_have_without_a_dead_one_s(
    processes: Processes, here: None, market: list[Security], alice: User
) -> None:
    web = Web(processes, WEB_PROCESSES="2")
    token = {"Authorization": f"Bearer {tokens_issue(user=alice).access}"}
    with ExitStack() as stack:

        def open_one(path: str, headers: dict[str, str]) -> None:
            address = f"ws://127.0.0.1:{web.port}/ws/{path}"
            stack.enter_context(connect(address, additional_headers=headers, close_timeout=0.1))

        opened = 0
        while len(web.serving()) < 2 or opened < 6:
            open_one("prices/T1", {})
            opened += 1
        for _ in range(3):
            open_one("watchlist", token)
        everybody = {"watchlist": 3.0, "prices": float(opened)}
        for _ in range(10):  # whichever takes the connection
            wait_until(lambda: counted(web) == everybody, what=f"{everybody}")

        killed = web.running.below()[0]
        killed.kill()
        web.running.await_said("web_process_ended")
        total = opened + 3
        wait_until(lambda: 0 < sum(counted(web).values()) < total, what="only the other's")
    wait_until(lambda: sum(counted(web).values()) == 0, what="nobody, once all have left")


def holders(web: Web, folder: Path) -> list[psutil.Process]:
    """The serving processes that have the folder open."""
    return [
        child
        for child in web.running.below()
        if str(folder) in map(os.path.realpath, Path(f"/proc/{child.pid}/fd").iterdir())
    ]


def test_the_folder_of_a_killed_server_goes_with_a_later_start_once_nobody_writes_into_it(
    processes: Processes, tmp_path: Path
) -> None:
    (shared := tmp_path / "shared").mkdir()

    def start() -> Web:
        return Web(processes, WEB_PROCESSES="2", TMPDIR=str(shared))

    killed = start()
    (left,) = shared.iterdir()
    wait_until(lambda: len(holders(killed, left)) == 2, seconds=20, what="two that serve")
    serving = killed.running.below()
    serving[0].suspend()
    killed.running.kill()
    start()
    assert left.exists(), "one still writes into it"

    serving[0].kill()
    assert psutil.wait_procs(serving, timeout=STOP_SECONDS)[1] == []
    there = set(shared.iterdir())
    start()
    assert there - set(shared.iterdir()) == {left}, "the other server keeps its own"


def asked(web: Web) -> dict[str, float]:
    """All figures; a scrape shall not take long, whatever happens."""
    began = time.monotonic()
    found = figures(httpx.get(f"{web.url}/metrics", timeout=10).text)
    assert time.monotonic() - began < metrics.PATIENCE_SECONDS + 1
    return found


def are_up(found: dict[str, float]) -> set[float]:
    return {found[f"tickwatch_server_up{{{server}}}"] for server in ("postgres", "redis")}


HEARD = "tickwatch_feed_heard_timestamp_seconds"


def test_processes_without_sockets_do_not_hide_when_the_feed_was_heard(
    processes: Processes, market: list[Security]
) -> None:
    began = time.time()
    web = Web(processes, WEB_PROCESSES="3")
    assert HEARD not in asked(web)
    with connect(f"ws://127.0.0.1:{web.port}/ws/prices/T1", close_timeout=0.1):
        wait_until(lambda: HEARD in asked(web), seconds=20, what="the time")
        for _ in range(10):  # whichever takes the connection
            assert asked(web)[HEARD] >= began


@pytest.mark.parametrize(
    ("away", "back"), [(Wire.cut, Wire.mend), (Wire.fall_silent, Wire.speak)], ids=["cut", "silent"]
)
def test_while_postgres_and_redis_are_away_it_shows_at_once_what_is_known(
    processes: Processes,
    market: list[Security],
    wire: MakeWire,
    away: Callable[[Wire], None],
    back: Callable[[Wire], None],
) -> None:
    names = ("DATABASE_URL", "REDIS_URL")
    wires, urls = zip(*(wire(processes.env[name]) for name in names), strict=True)
    web = Web(processes, **dict(zip(names, urls, strict=True)))
    with connect(f"ws://127.0.0.1:{web.port}/ws/prices/T1", close_timeout=0.1):
        wait_until(lambda: are_up(asked(web)) == {1}, what="figures of both")
        wait_until(lambda: counted(web)["prices"] == 1, what="the socket")
        for each in wires:
            away(each)
        for _ in range(3):
            found = asked(web)
            assert are_up(found) == {0}
            assert "tickwatch_ticks_recorded_total" not in found
            assert found["tickwatch_connections{prices}"] == 1
        for each in wires:
            back(each)
        wait_until(lambda: are_up(asked(web)) == {1}, seconds=15, what="both again")
    assert "figures_not_read" not in web.running.output
