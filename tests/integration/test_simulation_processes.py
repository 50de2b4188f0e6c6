"""The simulation at a rate of its own, as processes: each tick once, whoever dies meanwhile."""

from datetime import datetime

from redis import Redis

from pricefeed.models import Feed, Tick
from securities.models import Security
from tests.integration.processes import Processes, Running, wait_until
from tests.integration.waiting import await_all_recorded

RATE = 1000  # so a tick is due each millisecond
ENV = {"SIMULATED_TICKS_PER_SECOND": str(RATE), "PRICE_UPDATE_SECONDS": "1"}


def await_more(count: int) -> None:
    def recorded() -> int:
        return Feed.objects.get_or_create()[0].sequence

    end = recorded() + count
    wait_until(lambda: recorded() >= end, seconds=60, what=f"{count} more ticks")


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def left_out(worker: Running) -> int:
    events = (each for each in worker.events if each["event"] == "simulated_ticks_left_out")
    return sum(each["ticks"] for each in events)


def test_two_of_everything_and_a_killed_worker_make_each_tick_once(
    processes: Processes, market: list[Security], redis: Redis
) -> None:
    beats = [processes.beat(**ENV) for _ in range(2)]
    workers = [processes.worker(**ENV) for _ in range(2)]
    await_more(3 * RATE)
    for process in [*workers[0].below()]:
        process.kill()
    workers[0].kill()
    workers.append(processes.worker(**ENV))
    await_more(3 * RATE)
    for beat in beats:
        beat.stop()
    processes.beat(PRICE_UPDATE_SECONDS="3600")  # which asks for recorders
    await_all_recorded(redis)
    at = sorted(map(milliseconds, Tick.objects.values_list("at", flat=True)))
    assert len(at) == len(set(at))
    missing = at[-1] - at[0] + 1 - len(at)
    assert missing == sum(map(left_out, workers))  # none but those, on a machine that is so busy
    scheduled = [each["ticks"] for each in workers[1].events if each["event"] == "prices_updated"]
    assert set(scheduled) == {0}
