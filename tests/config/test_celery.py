"""The composed Celery application."""

from importlib import import_module
from typing import Any

import kombu.utils.functional
import pytest
from django.conf import settings
from kombu.exceptions import OperationalError

from config.celery import app
from tests.integration.processes import free_port


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


def test_every_job_expires_before_the_next_of_its_kind_is_due() -> None:
    for name, entry in app.conf.beat_schedule.items():
        period: Any = entry["schedule"]
        seconds = period if isinstance(period, (int, float)) else period.total_seconds()
        assert entry["options"]["expires"] <= seconds, name


def test_prices_have_the_period_that_was_asked_for_and_new_securities_an_hour() -> None:
    schedule = app.conf.beat_schedule
    assert schedule["update-prices"]["schedule"] == settings.PRICE_UPDATE_SECONDS
    assert schedule["load-new-securities"]["schedule"].total_seconds() == 3600
