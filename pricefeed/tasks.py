"""What Beat triggers. Each is safe to run twice, late, or not at all: the next one repairs."""

import logging

import structlog
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from pricefeed import recorders, services, simulation
from pricefeed.recording.positions import StepTaken
from pricefeed.sources.base import SourceError
from pricefeed.sources.registry import configured_source

log = structlog.get_logger(__name__)

_AWAY = (OperationalError, InterfaceError, RedisError, OSError)
"""Postgres or Redis is away. One line a period, no traceback: nothing here is broken."""


@shared_task
def update_prices() -> None:
    """Every PRICE_UPDATE_SECONDS: new prices from the source to Postgres and to the sockets."""
    try:
        update = services.prices_update(
            source=configured_source(), period_seconds=settings.PRICE_UPDATE_SECONDS
        )
    except SourceError as error:
        log.log(_level(error), "prices_not_fetched", cause=str(error))
        return
    except _AWAY as error:
        log.error("prices_not_updated", cause=error)  # noqa: TRY400
        return
    if update is not None:
        log.info("prices_updated", ticks=update.ticks, published=update.published)


@shared_task
def load_new_securities() -> None:
    """Every hour: securities that the source's catalogue has and we do not."""
    try:
        created = services.securities_update(source=configured_source())
    except SourceError as error:
        log.log(_level(error), "catalogue_not_read", cause=str(error))
        return
    log.info("securities_loaded", created=created)


@shared_task
def ask_for_recorders() -> None:
    """Every second: pushed ticks that wait and that nobody was asked to record."""
    try:
        recorders.recorders_ask()
    except _AWAY as error:
        log.error("recorders_not_asked_for", cause=error)  # noqa: TRY400


@shared_task
def push_simulated_ticks() -> None:
    """Every second, where SIMULATED_TICKS_PER_SECOND is set: the ticks of that second."""
    try:
        done = simulation.simulated_push()
    except _AWAY as error:
        log.error("simulated_ticks_not_pushed", cause=error)  # noqa: TRY400
        return
    if done is not None and done.left_out:
        log.warning("simulated_ticks_left_out", ticks=done.left_out, pushed=done.pushed)


@shared_task
def record_pushed_ticks(partition: int) -> None:
    """A batch of pushed ticks of one partition, and a call for the next where more wait."""
    try:
        ticks = recorders.pushed_record(partition)
    except StepTaken:
        log.warning("ticks_recorded_by_another", partition=partition)
        return
    except _AWAY as error:
        log.error("ticks_not_recorded", partition=partition, cause=error)  # noqa: TRY400
        return
    if ticks:
        log.debug("ticks_recorded", partition=partition, ticks=ticks)


@shared_task
def maintain_history() -> None:
    """Every hour: partitions for the days ahead, nothing of days beyond the retention."""
    services.history_maintain()


def _level(error: SourceError) -> int:
    """The next period asks again in any case; what cannot get better is said louder."""
    return logging.WARNING if error.retryable else logging.ERROR
