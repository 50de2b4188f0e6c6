"""The Celery application: worker and Beat start with `-A config`."""

import contextlib
import os
import sys
from typing import Any, Self

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.connection import Connection

from config.collector import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


UNHEARD_SECONDS = 2.0


class Broker(Connection):
    """Celery's way to Redis; when it is lost, asked for every second.

    By default the pauses grow up to half a minute, and prices would come as late.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Self:
        """As kombu's, but with other pauses."""
        pauses = {"interval_start": 1, "interval_step": 0, "interval_max": 1}
        super().ensure_connection(*args, **{**pauses, **kwargs})  # type: ignore[no-untyped-call]
        return self

    def maybe_close_channel(self, channel: Any) -> None:
        """As kombu's, but a lost connection with unacknowledged jobs does not end the worker.

        kombu then tries to put them back over a connection that it has given up already.
        """
        with contextlib.suppress(AttributeError):
            super().maybe_close_channel(channel)  # type: ignore[no-untyped-call]


app = Celery("tickwatch", fixups=["config.celery_pool:fixup"])
app.amqp.Connection = Broker
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@app.on_configure.connect
def check_settings(**_: Any) -> None:
    """Asked for Celery's settings before anything else: a wrong one is a sentence."""
    try:
        settings.CELERY_BROKER_URL  # noqa: B018  loading the settings checks them all
    except ImproperlyConfigured as wrong:
        sys.exit(f"Tickwatch cannot start: {wrong}")


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Django has configured logging; Celery shall not put its own on top."""
    settings.LOGGING  # noqa: B018  loading the settings configures logging


@worker_init.connect
def begin_work(**_: Any) -> None:
    """Before the processes of the pool are made."""
    collect_seldom()


@worker_init.connect
def end_unheard(**_: Any) -> None:
    """What a process of the pool waits, before it ends, for the worker to hear what it said.

    Nobody hears of a job that is handed over in the moment of a stop. By default that is half
    a minute's wait, longer than whoever stops a worker gives it.
    """
    from billiard import pool  # noqa: PLC0415  the worker alone has one

    pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = round(
        UNHEARD_SECONDS / pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL
    )
