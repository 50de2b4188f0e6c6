"""Clients that stop reading cost little, are cut in time, and nobody else notices."""

import time
from collections.abc import Iterator

import psutil
import pytest

from tests.faults.conftest import Measure
from tests.faults.crowd import Crowd
from tests.faults.house import MACHINE_SECONDS, PERIOD_SECONDS, House
from tests.faults.member import Held, Member
from tests.faults.stalled import Stalled
from tests.integration.processes import wait_until
from tests.integration.web import Web

STALLED = 200
GROWTH_BYTES = 64 * 1024
CUT_SECONDS = 20.0
PAUSE_SECONDS = 7.0
"""Long enough for every buffer on the way to be full for some ticks, and short enough to live."""


@pytest.fixture
def web(house: House) -> Web:
    """A web server of one process, for its memory to be measured."""
    return house.borrow_web()


@pytest.fixture
def stall(web: Web) -> Iterator[list[Stalled]]:
    """Closed with the test: add to it."""
    made: list[Stalled] = []
    yield made
    for each in made:
        each.close()


def test_clients_that_stop_reading_cost_little_and_are_cut(
    house: House, web: Web, crowd: Crowd, stall: list[Stalled], measure: Measure
) -> None:
    crowd.join(web.port, *house.members(users=6, prices=3))
    server = psutil.Process(web.running.popen.pid)
    fifty = "prices?full=1&tickers=" + ",".join(f"T{number}" for number in range(50))
    house.await_commit(seconds=10)
    before, began, most = server.memory_info().rss, time.monotonic(), 0
    stall.extend(Stalled(web.port, fifty) for _ in range(STALLED))
    wait_until(lambda: web.sockets() == len(crowd.members) + STALLED, what="all here")
    # The kernel is left with what they did not take, and gives that up by itself a little later.
    while (left := web.sockets() - len(crowd.members)) > 0:
        most = max(most, server.memory_info().rss)
        assert time.monotonic() - began < CUT_SECONDS + 5, f"{left} are not cut"
        time.sleep(0.1)
    seconds, each_cost = time.monotonic() - began, (most - before) // STALLED
    measure(
        f"{STALLED} clients that stop reading",
        f"cut after {seconds:.1f} s; memory {each_cost >> 10:+} KB each",
    )
    assert seconds < CUT_SECONDS
    assert each_cost < GROWTH_BYTES
    crowd.assert_well_treated(since=began, limit_seconds=2 * PERIOD_SECONDS + MACHINE_SECONDS)
    assert max(lag for member in crowd.members for lag in member.lags) < 2 * PERIOD_SECONDS


def test_one_that_reads_again_in_time_gets_the_newest_of_each_ticker_alone(
    house: House, web: Web, stall: list[Stalled]
) -> None:
    first = house.sequence()
    stall.append(Stalled(web.port, "prices?full=1"))
    time.sleep(PAUSE_SECONDS)
    newest = house.committed()
    member = Member("stalled", "prices?full=1")
    frames = []
    for frame in stall[0].read(seconds=2 * PERIOD_SECONDS):
        member.take(frame)
        frames.append(frame)
        if frame["type"] == "prices" and not _lacking(member, newest):
            break
    assert not _lacking(member, newest)
    assert member.problems == []
    last = [quote["ticker"] for quote in frames[-1]["quotes"]]
    assert sorted(last) == sorted(newest)  # each once
    got = [n for n in member.sequences("T4") if n > first]
    committed = [n for n in house.sequences_of("T4", after=first) if n <= newest["T4"].sequence]
    assert len(got) <= len(committed) - 3, f"of {committed} it got {got}"


def _lacking(member: Member, committed: dict[str, Held]) -> list[str]:
    member.is_open = True
    return member.lacks(committed)
