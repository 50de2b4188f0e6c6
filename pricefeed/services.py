"""The feed's jobs, each one call: a price update, new securities, the history's upkeep."""

import time
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from pricefeed.delivery.publish import publish
from pricefeed.partitions import maintain_partitions
from pricefeed.recording.analytics.services import trim_anomalies
from pricefeed.recording.batches import count_batch
from pricefeed.recording.locks import feed_lock, publication_lock
from pricefeed.recording.selectors import instruments
from pricefeed.recording.services import record
from pricefeed.recording.turn import claim_turn
from pricefeed.sources.base import Source
from pricefeed.sources.vendor import VendorSource
from pricefeed.ticks import Instrument
from pricefeed.watched import Watched
from securities.services import securities_add_new

_watched = Watched()


class Update(NamedTuple):
    """What one run of the feed did."""

    ticks: int
    published: int


def prices_update(
    *, source: Source, period_seconds: float = 0.0, now: datetime | None = None
) -> Update | None:
    """Fetch, record, publish: one run. None when another run has this period or is under way.

    Raises SourceError, and what Postgres or Redis raise when they are away; what was
    committed by then is published by the next run.
    """
    with feed_lock() as is_ours:
        now = now or timezone.now()
        if not is_ours or not claim_turn(now=now, period_seconds=period_seconds):
            return None
        ticks = source.fetch(_told(source), now=now)
        delayed_since = _delayed_since(source, now)
        began = time.monotonic()
        with publication_lock():  # not while a source is asked: pushed prices go on
            recorded = record(ticks)
            update = Update(recorded.tick_count, publish(recorded, delayed_since=delayed_since))
    count_batch("scheduled", ticks=update.ticks, seconds=time.monotonic() - began)
    return update


def _told(source: Source) -> list[Instrument]:
    """Every active security; a vendor, which costs, is told of those that are watched alone."""
    known = instruments()
    if not isinstance(source, VendorSource):
        return known
    watchers = _watched.counts()
    return [
        replace(each, watchers=watchers[each.ticker]) for each in known if each.ticker in watchers
    ]


def _delayed_since(source: Source, now: datetime) -> int | None:
    return source.delayed_since(now=now) if isinstance(source, VendorSource) else None


def securities_update(*, source: Source) -> int:
    """Add the securities of the source's catalogue that are new; returns how many."""
    return securities_add_new(entries=source.catalogue())


def history_maintain() -> None:
    """Partitions for the days ahead, and nothing of days that are not kept. Safe to repeat."""
    maintain_partitions()
    trim_anomalies()
