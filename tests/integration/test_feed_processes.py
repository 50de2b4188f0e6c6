"""Worker and Beat as processes: prices once a period, whatever dies or goes away meanwhile."""

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from redis import Redis

from pricefeed.models import Feed, Tick
from securities.models import Quote, Security
from tests.integration.conftest import MakeWire, PrivateRedis
from tests.integration.processes import START_SECONDS, Processes, Running, is_alive, wait_until

QUEUE, QUOTES, MARK = "celery", "tickwatch:quotes", "tickwatch:mark"
UPDATE_PRICES = "pricefeed.tasks.update_prices"
RECOVERY_SECONDS = 6.0  # two periods and an attempt that was under way, on a busy machine


def sequence() -> int:
    return Feed.objects.get().sequence


def await_runs(worker: Running, count: int) -> None:
    worker.await_said('"prices_updated"', times=count)


def run_times(*workers: Running) -> list[datetime]:
    """When the runs of these workers ended."""
    return sorted(
        datetime.fromisoformat(event["timestamp"])
        for worker in workers
        for event in worker.events
        if event["event"] == "prices_updated"
    )


def mark(redis: Redis) -> int | None:
    """Up to which sequence everything has been published."""
    value: bytes | None = redis.get(MARK)  # type: ignore[assignment]
    return int(value.rpartition(b":")[2]) if value else None


@contextmanager
def held_up_run() -> Iterator[None]:
    """Inside, the next run waits for us before it records; it goes on when we leave."""
    with transaction.atomic():
        Feed.objects.select_for_update().get()
        yield


def is_waiting_for_us() -> bool:
    """Whether a run has come to where `held_up_run` stops it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees but the first
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE 'UPDATE \"pricefeed_feed\"%'"
        )
        return bool(cursor.fetchone()[0])


def test_prices_move_once_a_period_and_again_after_postgres_was_away(
    processes: Processes, market: list[Security], wire: MakeWire
) -> None:
    cable, database_url = wire(processes.env["DATABASE_URL"])
    worker = processes.worker(PRICE_UPDATE_SECONDS="1", DATABASE_URL=database_url)
    processes.beat(PRICE_UPDATE_SECONDS="1")
    await_runs(worker, 5)
    # The first takes longer than the others. A run may begin early by the share that `turn` allows.
    second, fifth = (run_times(worker)[place] for place in (1, 4))
    assert 3 * 0.6 < (fifth - second).total_seconds() < 3 + 3
    assert Quote.objects.count() == len(market)

    cable.cut()
    worker.await_said('"prices_not_updated"')
    before = sequence()
    cable.mend()
    mended = time.monotonic()
    wait_until(lambda: sequence() > before, seconds=10, what="prices after Postgres is back")
    assert time.monotonic() - mended < RECOVERY_SECONDS


def test_two_beats_and_two_workers_run_no_more_often_than_one(
    processes: Processes, market: list[Security]
) -> None:
    """One worker of processes, as in production, one of threads, as at home."""
    period = 0.5
    env = {"PRICE_UPDATE_SECONDS": str(period)}
    workers = [processes.worker(**env), processes.worker("--pool", "threads", "-c", "2", **env)]
    for _ in range(2):
        processes.beat(**env)
    times = wait_until(
        lambda: at_least(8, run_times(*workers)), seconds=START_SECONDS, what="eight runs"
    )
    passed = (times[-1] - times[0]).total_seconds()
    # Twice the Beats would be twice the runs; where they alternate, one run comes early.
    assert len(times) <= math.ceil(passed / period) + 2
    recorded = list(Tick.objects.order_by("sequence").values_list("sequence", flat=True))
    assert recorded == list(range(1, len(recorded) + 1))


def at_least(count: int, found: list[datetime]) -> list[datetime] | None:
    return found if len(found) >= count else None


def test_jobs_older_than_a_period_are_not_run(
    processes: Processes, market: list[Security], redis: Redis
) -> None:
    beat = processes.beat(PRICE_UPDATE_SECONDS="0.5")
    wait_until(
        lambda: redis.llen(QUEUE) >= 6, seconds=START_SECONDS, what="three runs in the queue"
    )
    beat.popen.send_signal(signal.SIGSTOP)
    newest: Any = json.loads(redis.lindex(QUEUE, 0) or b"")  # type: ignore[arg-type]
    expires = datetime.fromisoformat(newest["headers"]["expires"]).timestamp()
    wait_until(lambda: time.time() > expires, what="the newest job to be old")
    worker = processes.worker(PRICE_UPDATE_SECONDS="0.5")
    worker.await_said(" ready.")
    worker.await_said(f"Discarding revoked task: {UPDATE_PRICES}", times=3)
    wait_until(lambda: redis.llen(QUEUE) == 0, what="an empty queue")
    assert Feed.objects.get().run_at is None

    beat.popen.send_signal(signal.SIGCONT)
    await_runs(worker, 1)


def test_what_a_killed_worker_had_committed_is_published_by_the_next_run(
    processes: Processes,
    market: list[Security],
    redis: Redis,
    private_redis: PrivateRedis,
    tmp_path: Path,
) -> None:
    with held_up_run():
        worker = processes.worker(PRICE_UPDATE_SECONDS="1")
        beat = processes.beat(PRICE_UPDATE_SECONDS="1")
        wait_until(is_waiting_for_us, seconds=START_SECONDS, what="a run")
        private_redis.process.suspend()  # what is committed cannot be published
    try:
        wait_until(lambda: sequence() == len(market), what="the commit")
        job_processes = worker.below()
        worker.kill()
        beat.kill()
    finally:
        private_redis.process.resume()
    assert mark(redis) is None
    assert redis.hlen(QUOTES) == 0
    wait_until(lambda: not any(map(is_alive, job_processes)), what="their end, too")

    ticks = tmp_path / "ticks.csv"
    ticks.write_text("time,ticker,price\n2026-01-02T14:30:00Z,T0,12.34\n")
    run = processes.start(
        "run", "manage", "update_prices", PRICE_SOURCE="replay", REPLAY_FILE=str(ticks)
    )
    assert run.wait() == 0, run.told()
    assert "1 ticks recorded, 10 quotes published" in run.output
    assert mark(redis) == len(market) + 1
    assert redis.hlen(QUOTES) == len(market)


def test_redis_away_while_a_run_publishes_is_one_error_and_is_made_good(
    processes: Processes, market: list[Security], wire: MakeWire, redis: Redis
) -> None:
    cable, redis_url = wire(processes.env["REDIS_URL"])
    with held_up_run():
        worker = processes.worker(PRICE_UPDATE_SECONDS="1", REDIS_URL=redis_url)
        processes.beat(PRICE_UPDATE_SECONDS="1")
        wait_until(is_waiting_for_us, seconds=START_SECONDS, what="a run")
        cable.cut()
    worker.await_said('"prices_not_updated"')
    assert sequence() == len(market)
    assert mark(redis) is None
    cable.mend()
    mended = time.monotonic()
    wait_until(lambda: mark(redis) == sequence(), seconds=20, what="the repair")
    assert time.monotonic() - mended < RECOVERY_SECONDS
    failures = [event for event in worker.events if event["event"] == "prices_not_updated"]
    assert [event["level"] for event in failures] == ["error"]
    assert "Traceback" not in worker.output
