"""Recorders of pushed ticks: asked for where ticks wait; what one records, it publishes."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import structlog
from celery import current_app
from celery.exceptions import OperationalError as BrokerAway
from django.conf import settings
from django.db import DataError
from redis.exceptions import RedisError

from pricefeed.columns import joined, packed_size
from pricefeed.delivery.latest import LatestWriter, Mark
from pricefeed.delivery.publish import publish
from pricefeed.recording import selectors
from pricefeed.recording.batches import count_batch
from pricefeed.recording.locks import publication_lock, stream_lock, stream_locks
from pricefeed.recording.positions import position_of
from pricefeed.recording.services import Recorded, record_pushed
from pricefeed.sources.pushed.streams import BATCH_BYTES, Batch, streams
from securities import version

log = structlog.get_logger(__name__)

RECORD_TASK = "pricefeed.tasks.record_pushed_ticks"
_PUBLICATION_PATIENCE_MS = 500


def recorders_ask_for(partitions: Iterable[int]) -> None:
    """Once for each, and no more once one is not heard: Beat asks again within three seconds."""
    for partition in partitions:
        try:
            current_app.send_task(RECORD_TASK, args=[partition], expires=60, retry=False)
        except (BrokerAway, RedisError, OSError) as error:
            log.warning("recorder_not_asked_for", partition=partition, cause=error)
            return


def recorders_ask() -> None:
    """Ask for a recorder wherever ticks wait and none was asked for; publish what nobody has."""
    recorders_ask_for(each for each in streams().waiting() if streams().ask(each))
    if streams().are_used():
        _publish_rest()


def pushed_record(partition: int) -> int | None:
    """Record one batch of a partition, and of others that wait; returns how many ticks it had.

    A batch costs a lot and a tick in it little, so several partitions make one; half of
    them at most, so that two workers find work. None while another worker records the
    partition that was asked for.
    """
    streams().begin(partition)
    with stream_lock(partition) as is_ours:
        if not is_ours:
            return None
        with stream_locks(_others_that_wait(partition)) as others:
            began, before = time.monotonic(), _before()
            batches, recorded = _record([partition, *others])
    ticks = sum(len(batch.ticks) for batch in batches)
    if recorded is not None:
        _publish(recorded, before=before)
        count_batch("pushed", ticks=ticks, seconds=time.monotonic() - began)
    # After the locks: what came while they were held found nobody who could take it.
    waiting = streams().waiting()
    ours = (each for each in (partition, *others) if each in waiting)
    recorders_ask_for(each for each in ours if streams().ask(each))
    return ticks


def _others_that_wait(partition: int) -> list[int]:
    """Where most ticks wait comes first."""
    waiting = streams().waiting()
    others = sorted(waiting.keys() - {partition}, key=waiting.__getitem__, reverse=True)
    return others[: max(0, settings.TICK_PARTITIONS // 2 - 1)]


def _record(partitions: Sequence[int]) -> tuple[list[Batch], Recorded | None]:
    """Commit what waits in partitions that are ours; None where nothing did."""
    batches = _batches(partitions)
    if not batches:
        return batches, None
    try:
        recorded = _recorded(batches)
    except DataError:  # in one of them is what cannot be committed: it holds up itself alone
        batches = batches[:1]
        recorded = _recorded(batches)
    for step in (batch.step for batch in batches):
        streams().trim(step.end)
        if step.dropped:
            log.warning("ticks_lost", partition=step.end.partition, ticks=step.dropped)
    return batches, recorded


def _batches(partitions: Sequence[int]) -> list[Batch]:
    """What waits, of one partition after the other, until it is enough."""
    batches = []
    enough = BATCH_BYTES
    for position in map(position_of, partitions):
        batch = streams().read(position, enough=enough)
        if batch.step.end == position:
            streams().trim(position)  # if a worker has died before it could
            continue
        batches.append(batch)
        enough -= packed_size(batch.ticks)
        if enough <= 0:
            break
    return batches


def _recorded(batches: Sequence[Batch]) -> Recorded:
    ticks = joined([batch.ticks for batch in batches])
    return record_pushed(ticks, steps=[batch.step for batch in batches])


class _Before(NamedTuple):
    """How it was before a commit; both None where Redis does not say."""

    published: Mark | None
    named_by: str | None


def _before() -> _Before:
    """How far prices have been published, and the version of the catalogue."""
    try:
        return _Before(LatestWriter().mark(), version.current())
    except (RedisError, OSError):
        return _Before(None, None)


def _publish_rest() -> None:
    """What was committed by a worker that then died, or that could not wait for its turn."""
    feed = selectors.feed()
    if LatestWriter().mark() == Mark(str(feed.epoch), feed.sequence):
        return
    with publication_lock(patience_ms=_PUBLICATION_PATIENCE_MS) as is_ours:
        if is_ours:
            feed = selectors.feed()
            publish(Recorded(feed.epoch, feed.sequence, feed.sequence, 0, []))


def _publish(recorded: Recorded, *, before: _Before) -> None:
    """Publish after whoever committed before; `before` is from before the commit."""
    with publication_lock(patience_ms=_PUBLICATION_PATIENCE_MS) as is_ours:
        if not is_ours:
            return  # the next publication has this, too
        epoch = selectors.feed().epoch
        was_out = _is_beyond(before.published, recorded.after, epoch)  # then the counter went back
        if was_out or not _is_beyond(LatestWriter().mark(), recorded.after, epoch):
            publish(replace(recorded, epoch=epoch), named_by=before.named_by)
        # else another has published this together with its own


def _is_beyond(mark: Mark | None, sequence: int, epoch: UUID) -> bool:
    return mark is not None and mark.epoch == str(epoch) and mark.sequence > sequence
