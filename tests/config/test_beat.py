"""Beat's scheduler: the time may be put back, Redis may be away, jobs go on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.beat import PersistentScheduler, ScheduleEntry
from django.conf import settings
from structlog.testing import capture_logs

from config.beat import Scheduler
from config.celery import app as composed

MOMENT, SECOND, HOUR = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(hours=1)
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """What time it is."""

    def __init__(self) -> None:
        self.now = START


Make = Callable[[], PersistentScheduler]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs that were sent."""
    sent: list[str] = []

    def send(_: object, entry: ScheduleEntry, **__: Any) -> None:
        sent.append(entry.name)

    monkeypatch.setattr(PersistentScheduler, "apply_async", send)
    return sent


@pytest.fixture
def beat(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """`beat()`: one that is started, with what the one before it has written down."""

    monkeypatch.setattr(Celery, "now", lambda _: clock.now)  # of all: entries are unpickled
    monkeypatch.setattr(PersistentScheduler, "producer", None)  # it would connect

    def make() -> PersistentScheduler:
        app = Celery("test", set_as_current=False, broker="redis://127.0.0.1:1/0")
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        app.conf.task_publish_retry = False
        app.conf.beat_schedule = {
            "often": {"task": "often", "schedule": 1.0},
            "seldom": {"task": "seldom", "schedule": 3.0},
        }
        return Scheduler(app=app, schedule_filename=str(tmp_path / "beat"), max_interval=5)

    return make


def run(scheduler: PersistentScheduler, clock: Clock, *, until: datetime) -> None:
    """As Beat does: sleep for as long as the scheduler says, and ask it again."""
    while clock.now < until:
        clock.now += max(timedelta(seconds=scheduler.tick()), MOMENT)


def test_it_is_the_one_that_is_used() -> None:
    assert composed.conf.beat_scheduler == settings.CELERY_BEAT_SCHEDULER
    assert composed.conf.beat_scheduler == f"{Scheduler.__module__}:{Scheduler.__name__}"


def test_jobs_go_on_when_the_time_is_put_back(beat: Make, clock: Clock, runs: list[str]) -> None:
    scheduler = beat()
    run(scheduler, clock, until=START + 6 * SECOND)
    clock.now -= HOUR
    runs.clear()
    run(scheduler, clock, until=START - HOUR + 12.5 * SECOND)
    assert runs.count("often") in {5, 6}
    assert runs.count("seldom") in {1, 2}


def test_a_beat_that_was_stopped_in_the_future_does_not_wait_for_it(
    beat: Make, clock: Clock, runs: list[str]
) -> None:
    before = beat()
    run(before, clock, until=START + 6 * SECOND)
    before.close()
    clock.now -= HOUR
    runs.clear()
    run(beat(), clock, until=START - HOUR + 12.5 * SECOND)
    assert runs.count("often") in {5, 6}


def test_no_job_is_run_more_often_than_it_should(beat: Make, clock: Clock, runs: list[str]) -> None:
    run(beat(), clock, until=START + 9.5 * SECOND)
    assert runs.count("often") in {9, 10}
    assert runs.count("seldom") in {3, 4}


def test_while_redis_is_away_each_job_is_a_line_and_beat_goes_on(beat: Make, clock: Clock) -> None:
    with capture_logs() as lines:
        run(beat(), clock, until=START + 4.5 * SECOND)
    assert {(line["event"], line["exc_info"]) for line in lines} == {("job_not_sent", False)}
    assert {line["job"] for line in lines} == {"often", "seldom"}
    assert len(lines) >= 4
    assert all("refused" in str(line["cause"]) for line in lines)


def test_what_else_keeps_a_job_from_being_sent_has_its_traceback(
    beat: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(PersistentScheduler, "send_task", fail)
    with capture_logs() as lines:
        run(beat(), clock, until=START + 1.5 * SECOND)
    assert {(line["event"], line["exc_info"]) for line in lines} == {("job_not_sent", True)}
