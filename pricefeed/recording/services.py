"""Recording: ticks become committed quotes and history. Nothing else writes prices."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import structlog
from django.db import IntegrityError, transaction

from pricefeed.columns import (
    DAY,
    Column,
    TickColumns,
    is_in_range,
    microseconds,
    moment_of,
    rounded_millionths,
)
from pricefeed.models import Feed
from pricefeed.partitions import ensure_partitions_of, forget_partitions
from pricefeed.recording.analytics.services import analyse
from pricefeed.recording.candles import merge_candles
from pricefeed.recording.history import append_history, history_rows
from pricefeed.recording.positions import Step, advance
from pricefeed.recording.quotes import (
    Moved,
    Named,
    moved_quotes,
    named_securities,
    standing_quotes,
    write_quotes,
)
from pricefeed.recording.unknown import UnknownTicks
from pricefeed.recording.verdict import Mask, Quotes, Verdict, judge
from pricefeed.recording.written import Written
from pricefeed.ticks import Tick
from securities.models import Security
from securities.selectors import securities_by_tickers

log = structlog.get_logger(__name__)

_unknown = UnknownTicks()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one call committed: the counter before and after, and the quotes that changed.

    The quotes are the newest of each security, ordered by sequence. `anomaly_count` is how
    many anomalies were found on the way; they have the newest ids.
    """

    epoch: uuid.UUID
    after: int
    upto: int
    tick_count: int
    quotes: list[tuple[Security | Named, Moved]]
    anomaly_count: int = 0


def record(ticks: Sequence[Tick]) -> Recorded:
    """Commit ticks: append them to the history, update the quotes that changed, in one transaction.

    Each recorded tick gets the next number of the counter, in the order given, and
    numbers become visible in their order: the counter's row is locked until the commit.
    Left out are unknown tickers (the log says how many) and inactive ones, prices out
    of range, and ticks that repeat the newest price; `verdict` has the rules.
    """
    found = securities_by_tickers({tick.ticker for tick in ticks})
    active = {ticker: each for ticker, each in found.items() if each.is_active}
    usable = [tick for tick in ticks if tick.ticker in active and is_in_range(tick.price)]
    recorded = _committed(
        _columns(usable, active), securities={each.pk: each for each in active.values()}
    )
    _unknown.add(tick.ticker for tick in ticks if tick.ticker not in found)
    return recorded


def record_pushed(ticks: TickColumns, *, steps: Sequence[Step]) -> Recorded:
    """Commit ticks that were taken from streams, and the steps that their reader has made there.

    As `record`, by the same rules, but for ticks that repeat a price: they are recorded, too.
    A security that was deactivated since its ticks were taken has them in its history;
    those of one that was deleted are left out.
    Raises StepTaken, and commits nothing, where somebody else has made one of the steps.
    """
    securities = named_securities(np.unique(ticks.security))
    known = ticks.where(np.isin(ticks.security, list(securities)))
    if len(known) < len(ticks):
        log.warning("ticks_of_deleted_securities", ticks=len(ticks) - len(known))
    return _committed(known, securities=securities, steps=steps)


def begin_epoch(recorded: Recorded) -> Recorded:
    """Give the counter a new life from here on: its numbers have been used before.

    So it is after a restored backup, or a failover that lost commits. Whoever compares
    sequences starts over with the epoch.
    """
    epoch = uuid.uuid4()
    Feed.objects.update(epoch=epoch)
    return replace(recorded, epoch=epoch)


def _columns(ticks: Sequence[Tick], securities: Mapping[str, Security]) -> TickColumns:
    columns = TickColumns.of(
        [securities[tick.ticker].pk for tick in ticks],
        [microseconds(tick.at) for tick in ticks],
        [rounded_millionths(tick.price) for tick in ticks],
    )
    closes = [tick.previous_close for tick in ticks]
    if not any(closes):
        return columns
    given = [
        rounded_millionths(close) if close is not None and is_in_range(close) else 0
        for close in closes
    ]
    return replace(columns, previous_close=np.array(given, np.int64))


def _committed(
    ticks: TickColumns, *, securities: Mapping[int, Security | Named], steps: Sequence[Step] = ()
) -> Recorded:
    """Once more, where a day's partition was not there though this process knew of it."""
    try:
        return _commit(ticks, securities, steps)
    except IntegrityError:
        forget_partitions()
        return _commit(ticks, securities, steps)


def _commit(
    ticks: TickColumns, securities: Mapping[int, Security | Named], steps: Sequence[Step]
) -> Recorded:
    """One transaction. Whatever needs no number is done before the counter is locked."""
    arrival = np.argsort(ticks.security, kind="stable")
    ticks = ticks.where(arrival)
    ids = np.unique(ticks.security)
    rows = history_rows(security=ticks.security, price=ticks.price)
    with transaction.atomic():
        ensure_partitions_of(_days(ticks.at))
        feed = Feed.objects.select_for_update().get()
        verdict = judge(ticks, standing_quotes(ids), leaves_out_repeats=not steps)
        numbers = _numbers(verdict.is_written, arrival, after=feed.sequence)
        changed = _changed(verdict.quotes, verdict.newest, numbers)
        written = _written(ticks, verdict, numbers)
        anomaly_count = 0
        if len(written):
            append_history(rows[verdict.is_written], at=written.at, sequence=written.sequence)
            write_quotes(changed)
            anomaly_count = analyse(written, after=feed.sequence)
            merge_candles(written)
            Feed.objects.update(sequence=feed.sequence + len(written))
        for step in steps:
            advance(step)
    quotes = [(securities[quote.security_id], quote) for quote in moved_quotes(changed)]
    upto = feed.sequence + len(written)
    return Recorded(feed.epoch, feed.sequence, upto, len(written), quotes, anomaly_count)


def _written(ticks: TickColumns, verdict: Verdict, numbers: Column) -> Written:
    columns = (ticks.security, verdict.at, numbers, ticks.price)
    return Written(*(column[verdict.is_written] for column in columns))


def _days(at: Column) -> set[date]:
    return {moment_of(day * DAY).date() for day in np.unique(np.abs(at) // DAY).tolist()}


def _numbers(is_written: Mask, arrival: Column, *, after: int) -> Column:
    """The number of each tick that is written: in order of arrival, over all securities."""
    by_arrival = np.empty(len(arrival), np.bool_)
    by_arrival[arrival] = is_written
    return after + np.cumsum(by_arrival)[arrival]


def _changed(quotes: Quotes, newest: Column, numbers: Column) -> Quotes:
    """The quotes that have become another, ordered by sequence."""
    moved = np.flatnonzero(newest >= 0)
    sequence = numbers[newest[moved]]
    order = np.argsort(sequence)
    moved = moved[order]
    return Quotes(
        security=quotes.security[moved],
        price=quotes.price[moved],
        previous_close=quotes.previous_close[moved],
        at=quotes.at[moved],
        sequence=sequence[order],
    )
