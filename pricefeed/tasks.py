"""What Beat triggers. Each is safe to run twice, late, or not at all: the next one repairs."""

import logging

import structlog
from celery import shared_task
from django.conf import settings

from pricefeed import recorders, services, simulation
from pricefeed.recording.positions import StepTaken
from pricefeed.sources.base import SourceError
from pricefeed.sources.registry import configured_source
from rest.jobs import one_line_while_away

log = structlog.get_logger(__name__)


@shared_task
@one_line_while_away("prices_not_updated")
def update_prices() -> None:
    """Every PRICE_UPDATE_SECONDS: new prices from the source to Postgres and to the sockets."""
    try:
        update = services.prices_update(
            source=configured_source(), period_seconds=settings.PRICE_UPDATE_SECONDS
        )
    except SourceError as error:
        log.log(_level(error), "prices_not_fetched", cause=str(error))
        return
    if update is not None:
        log.info("prices_updated", ticks=update.ticks, published=update.published)


@shared_task
@one_line_while_away("new_securities_not_loaded")
def load_new_securities() -> None:
    """Every hour: securities that the source's catalogue has and we do not."""
    try:
        created = services.securities_update(source=configured_source())
    except SourceError as error:
        log.log(_level(error), "catalogue_not_read", cause=str(error))
        return
    log.info("securities_loaded", created=created)


@shared_task
@one_line_while_away("recorders_not_asked_for")
def ask_for_recorders() -> None:
    """Every second: pushed ticks that wait and that nobody was asked to record."""
    recorders.recorders_ask()


@shared_task
@one_line_while_away("simulated_ticks_not_pushed")
def push_simulated_ticks() -> None:
    """Every second, where SIMULATED_TICKS_PER_SECOND is set: the ticks of that second."""
    done = simulation.simulated_push()
    if done is not None and done.left_out:
        log.warning("simulated_ticks_left_out", ticks=done.left_out, pushed=done.pushed)


@shared_task
@one_line_while_away("ticks_not_recorded")
def record_pushed_ticks(partition: int) -> None:
    """A batch of pushed ticks of one partition, and a call for the next where more wait."""
    try:
        ticks = recorders.pushed_record(partition)
    except StepTaken:
        log.warning("ticks_recorded_by_another", partition=partition)
        return
    if ticks:
        log.debug("ticks_recorded", partition=partition, ticks=ticks)


@shared_task
@one_line_while_away("history_not_maintained")
def maintain_history() -> None:
    """Every hour: partitions for the days ahead, nothing of days beyond the retention."""
    services.history_maintain()


def _level(error: SourceError) -> int:
    """The next period asks again in any case; what cannot get better is said louder."""
    return logging.WARNING if error.retryable else logging.ERROR
