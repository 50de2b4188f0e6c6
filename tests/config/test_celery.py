"""The composed Celery application."""

import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import kombu.utils.functional
import pytest
from billiard import get_context, pool
from celery.schedules import maybe_schedule
from celery.signals import worker_init
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError

from config.celery import UNHEARD_SECONDS, app, end_unheard
from config.celery_pool import fixup
from deploy.local.ports import free_port


def test_a_lost_broker_is_asked_for_every_second_however_long_it_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pauses' sum is what the newest prices may be late by, so it must not grow."""
    pauses: list[float] = []
    monkeypatch.setattr(kombu.utils.functional, "sleep", [].append)
    with (
        app.connection_for_read(f"redis://127.0.0.1:{free_port()}/0") as connection,
        pytest.raises(OperationalError),
    ):
        connection.ensure_connection(
            lambda _, pause: pauses.append(pause), max_retries=8, callback=lambda: None
        )
    assert len(pauses) >= 8
    assert max(pauses) <= 1


def test_every_job_in_the_schedule_is_one_that_the_worker_finds() -> None:
    """It looks for a module `tasks` in every app."""
    for job in settings.CELERY_BEAT_SCHEDULE.values():
        name = job["task"]
        module, _, function = name.rpartition(".")
        assert module.removesuffix(".tasks") in settings.INSTALLED_APPS
        assert getattr(import_module(module), function).name == name


def test_prices_have_the_period_that_was_asked_for_and_expire_with_it() -> None:
    job = app.conf.beat_schedule["update-prices"]
    assert job["schedule"] == job["options"]["expires"] == settings.PRICE_UPDATE_SECONDS


EVERY_FEW_SECONDS = {"update-prices", "ask-for-recorders", "tell-untold-ends"}


@pytest.mark.parametrize("name", sorted(set(app.conf.beat_schedule) - EVERY_FEW_SECONDS))
def test_other_jobs_run_every_hour_even_if_beat_forgets_all_and_starts_anew_every_20_minutes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = app.conf.beat_schedule[name]
    schedule = maybe_schedule(job["schedule"], app=app)
    runs = 0
    for number in range(24 * 3):
        start = datetime(2026, 3, 2, 12, 1, tzinfo=UTC) + timedelta(minutes=20 * number)
        end = start + timedelta(minutes=20)
        monkeypatch.setattr(schedule, "nowfun", lambda end=end: end)
        runs += schedule.is_due(start).is_due  # a new Beat takes its start for the last run
    assert runs == 24
    assert job["options"]["expires"] <= 3600


def test_a_connection_that_cannot_put_jobs_back_does_not_end_the_worker() -> None:
    class Lost:
        """As kombu 5's channel without a connection."""

        def close(self) -> None:
            raise AttributeError

    broker = app.connection_for_write()
    broker.maybe_close_channel(Lost())


def test_a_process_of_the_pool_whose_last_job_nobody_hears_of_ends_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half a minute by default: whoever stops a worker would have killed it by then."""
    monkeypatch.setattr(pool, "GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT", 300)
    assert any(receiver() is end_unheard for _, receiver in worker_init.receivers)
    end_unheard()
    context = get_context("fork")
    heard = context.Value("i", 4)
    said, told = context.SimpleQueue(), context.SimpleQueue()
    worker = pool.Worker(told, said, on_ready_counter=heard)
    began = time.monotonic()
    assert worker._ensure_messages_consumed(completed=4)
    assert not worker._ensure_messages_consumed(completed=5)
    assert time.monotonic() - began < UNHEARD_SECONDS + 10


@pytest.mark.parametrize("is_eager", [False, True])
def test_a_job_of_a_prefork_worker_gives_connections_back_to_a_pool_that_stays(
    transactional_db: None, is_eager: bool
) -> None:
    """A new pool for every job, as by default, is a new session in Postgres for every job."""
    care = fixup(app).worker_fixup
    care.worker = SimpleNamespace(pool_cls="celery.concurrency.prefork:TaskPool")
    connection.ensure_connection()
    pool = connection.pool
    care.on_task_postrun(SimpleNamespace(request=SimpleNamespace(is_eager=is_eager)))
    assert (connection.connection is None) is not is_eager  # an eager one is in the midst of ours
    assert connection.pool is pool
    assert not pool.closed
