"""The simulation at a rate of its own, as processes: the rate is kept, whoever dies meanwhile."""

from datetime import UTC, datetime

from django.db import connection
from redis import Redis

from pricefeed.models import Feed, Tick
from securities.models import Security
from tests.integration.processes import Processes, wait_until

RATE = 1000
ENV = {"SIMULATED_TICKS_PER_SECOND": str(RATE), "PRICE_UPDATE_SECONDS": "1"}


def recorded() -> int:
    return Feed.objects.get_or_create()[0].sequence


def await_ticks(count: int) -> None:
    wait_until(lambda: recorded() >= count, seconds=30, what=f"{count} ticks")


def newest() -> datetime:
    return Tick.objects.order_by("-at").values_list("at", flat=True)[0]


def ticks_by_second() -> dict[datetime, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('second', at), count(*) FROM pricefeed_tick GROUP BY 1")
        return dict(cursor.fetchall())


def test_two_of_everything_and_a_killed_worker_keep_the_rate(
    processes: Processes, market: list[Security], redis: Redis
) -> None:
    beats = [processes.beat(**ENV) for _ in range(2)]
    workers = [processes.worker(**ENV) for _ in range(2)]
    await_ticks(3 * RATE)
    for process in [*workers[0].below()]:
        process.kill()
    workers[0].kill()
    processes.worker(**ENV)
    end = newest()
    wait_until(lambda: (newest() - end).total_seconds() > 3, seconds=30, what="three seconds more")
    for running in beats:
        assert "Traceback" not in running.output
    counts = ticks_by_second()
    seconds = sorted(counts)[1:-2]  # the first and the last are not whole
    assert len(seconds) >= 4
    assert {counts[second] for second in seconds} == {RATE}
    assert newest() <= datetime.now(UTC)
    scheduled = [e["ticks"] for e in workers[1].events if e["event"] == "prices_updated"]
    assert set(scheduled) == {0}
