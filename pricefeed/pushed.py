"""Pushed ticks, in and out: taken from feeders, recorded by workers, published."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from uuid import UUID

import structlog
from celery import current_app
from celery.exceptions import OperationalError as BrokerAway
from django.conf import settings
from django.db import DataError
from django.utils import timezone
from redis.exceptions import RedisError

from pricefeed.columns import TickColumns, joined, packed_size
from pricefeed.delivery.latest import LatestWriter, Mark
from pricefeed.delivery.publish import publish
from pricefeed.recording import selectors
from pricefeed.recording.batches import count_batch
from pricefeed.recording.locks import publication_lock, stream_lock, stream_locks
from pricefeed.recording.positions import position_of
from pricefeed.recording.services import Recorded, record_pushed
from pricefeed.sources.pushed.figures import count
from pricefeed.sources.pushed.judging import Refusals, TimeRange, judged
from pricefeed.sources.pushed.message import Decoded, PushedTick, decode
from pricefeed.sources.pushed.streams import BATCH_BYTES, Answer, Batch, streams
from pricefeed.sources.pushed.tickers import KnownTickers
from rest.errors import ApiError

log = structlog.get_logger(__name__)

RECORD_TASK = "pricefeed.tasks.record_pushed_ticks"
_PUBLICATION_PATIENCE_MS = 500

_tickers = KnownTickers()


class KeyReused(ApiError):
    """The key names another message. Over REST: 422 `idempotency_key_reused`."""

    def __init__(self) -> None:
        super().__init__(
            422, "idempotency_key_reused", "This Idempotency-Key was used with another body."
        )


def ticks_push(message: bytes, *, claim: str | None = None) -> Answer:
    """Take the ticks of a message that can be taken; they wait in Redis to be recorded.

    `claim` is a name that the sender gave it: one that comes again gets the first
    answer, and nothing is taken twice. Raises Malformed, WrongShape, KeyReused, Busy, and
    what Redis raises when it is away.
    """
    fingerprint = sha256(message).digest()
    if claim and (said := streams().answered(claim)):
        return _same(said, fingerprint)
    ((ticks, refused),) = _judged([decode(message)])
    return _same(_taken(ticks, Answer(fingerprint, len(ticks), refused), claim), fingerprint)


def messages_push(messages: Sequence[bytes]) -> list[Answer | ApiError]:
    """As `ticks_push`, of several messages in one go: what can be taken of all, or nothing.

    An answer for each, or why it cannot be read. Raises Busy, and what Redis raises.
    """
    decoded = [_read(message) for message in messages]
    readable = _judged([each for each in decoded if not isinstance(each, ApiError)])
    refused = [each for _, of_one in readable for each in of_one]
    ticks = joined([ticks for ticks, _ in readable])
    _taken(ticks, Answer(b"", len(ticks), refused))
    answers = (Answer(b"", len(ticks), refused) for ticks, refused in readable)
    return [each if isinstance(each, ApiError) else next(answers) for each in decoded]


def columns_push(ticks: TickColumns) -> None:
    """Take ticks that need no judging, all or none. Raises Busy, and what Redis raises."""
    _taken(ticks, Answer(b"", len(ticks), []))


def _taken(ticks: TickColumns, answer: Answer, claim: str | None = None) -> Answer:
    """Let them wait in Redis; the answer that counts, which may have been given before."""
    appended = streams().append(ticks, answer, claim=claim)
    if not appended.is_repeat:
        count(refused=[code for _, code in answer.refused], dropped=appended.dropped)
    _ask_for_recorders(appended.partitions)
    return appended.answer


def recorders_ask() -> None:
    """Ask for a recorder wherever ticks wait and none was asked for; publish what nobody has."""
    _ask_for_recorders(each for each in streams().waiting() if streams().ask(each))
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
            began, published = time.monotonic(), _mark()
            batches, recorded = _record([partition, *others])
    ticks = sum(len(batch.ticks) for batch in batches)
    if recorded is not None:
        _publish(recorded, published=published)
        count_batch("pushed", ticks=ticks, seconds=time.monotonic() - began)
    # After the locks: what came while they were held found nobody who could take it.
    waiting = streams().waiting()
    ours = (each for each in (partition, *others) if each in waiting)
    _ask_for_recorders(each for each in ours if streams().ask(each))
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


def _read(message: bytes) -> Sequence[Decoded] | ApiError:
    try:
        return decode(message)
    except ApiError as error:
        return error


def _judged(messages: Sequence[Sequence[Decoded]]) -> list[tuple[TickColumns, Refusals]]:
    """What is taken and what is refused of each, with one look for all their tickers."""
    ticks = (each for message in messages for each in message)
    known = _tickers.find_all({each.ticker for each in ticks if isinstance(each, PushedTick)})
    now = TimeRange.at(timezone.now())
    return [judged(message, find=known.__getitem__, times=now) for message in messages]


def _same(answer: Answer, fingerprint: bytes) -> Answer:
    if answer.fingerprint != fingerprint:
        raise KeyReused
    return answer


def _ask_for_recorders(partitions: Iterable[int]) -> None:
    """Once each, and no more once one is not heard: Beat asks again within three seconds."""
    for partition in partitions:
        try:
            current_app.send_task(RECORD_TASK, args=[partition], expires=60, retry=False)
        except (BrokerAway, RedisError, OSError) as error:
            log.warning("recorder_not_asked_for", partition=partition, cause=error)
            return


def _mark() -> Mark | None:
    """How far prices have been published; None where Redis does not say."""
    try:
        return LatestWriter().mark()
    except (RedisError, OSError):
        return None


def _publish_rest() -> None:
    """What was committed by a worker that then died, or that could not wait for its turn."""
    feed = selectors.feed()
    if LatestWriter().mark() == Mark(str(feed.epoch), feed.sequence):
        return
    with publication_lock(patience_ms=_PUBLICATION_PATIENCE_MS) as is_ours:
        if is_ours:
            feed = selectors.feed()
            publish(Recorded(feed.epoch, feed.sequence, feed.sequence, 0, []))


def _publish(recorded: Recorded, *, published: Mark | None) -> None:
    """Publish after whoever committed before; `published` is the mark from before the commit."""
    with publication_lock(patience_ms=_PUBLICATION_PATIENCE_MS) as is_ours:
        if not is_ours:
            return  # the next publication has this, too
        epoch = selectors.feed().epoch
        was_out = _is_beyond(published, recorded.after, epoch)  # then the counter went back
        if was_out or not _is_beyond(LatestWriter().mark(), recorded.after, epoch):
            publish(replace(recorded, epoch=epoch))
        # else another has published this together with its own


def _is_beyond(mark: Mark | None, sequence: int, epoch: UUID) -> bool:
    return mark is not None and mark.epoch == str(epoch) and mark.sequence > sequence
