"""Candles made anew from the history: for ticks that were recorded before there were candles.

The history does not go back as far as candles do, and late ticks can come to a day that it
has dropped. So candles that know of more ticks than the history still has are left alone.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import structlog
from django.db import connection, transaction

from pricefeed.models import CANDLES, DayCandle, Feed
from pricefeed.partitions import TICKS, ensure_partitions_of
from pricefeed.recording.analytics.kept import forget_kept
from pricefeed.recording.candles import merge_candles
from pricefeed.recording.written import Written

log = structlog.get_logger(__name__)

_BATCH = 50_000

_COUNTS = """
SELECT security_id, count(*) FROM pricefeed_tick WHERE at >= %s AND at < %s GROUP BY security_id
"""
_TICKS = """
SELECT security_id, (extract(epoch FROM at) * 1000000)::bigint, sequence, (price * 1000000)::bigint
  FROM pricefeed_tick
 WHERE at >= %s AND at < %s AND security_id = ANY(%s)
 ORDER BY security_id, at, sequence
"""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done: of how many days, from how many ticks.

    `left` counts the securities of those days whose candles knew more than the history.
    """

    days: int = 0
    ticks: int = 0
    left: int = 0


def rebuild_candles() -> Rebuilt:
    """Make the candles of all days in the history from its ticks. Safe to repeat, or to break off.

    A transaction a day, in which nothing is recorded: what comes meanwhile waits.
    """
    days = [_rebuild_day(day) for day in sorted(TICKS.existing())]
    return Rebuilt(len(days), sum(day.ticks for day in days), sum(day.left for day in days))


@transaction.atomic
def _rebuild_day(day: date) -> Rebuilt:
    ensure_partitions_of([day])
    Feed.objects.select_for_update().get()
    begin = datetime.combine(day, time(), UTC)
    end = begin + timedelta(days=1)
    found = _counts(begin, end)
    known = dict(DayCandle.objects.filter(start=begin).values_list("security_id", "count"))
    whole = [security for security, count in found.items() if count >= known.get(security, 0)]
    for interval in CANDLES.values():
        candles = interval.objects.filter(security_id__in=whole)
        candles.filter(start__gte=begin, start__lt=end).delete()
    for ticks in _ticks(begin, end, whole):
        merge_candles(ticks)
    forget_kept()
    rebuilt = Rebuilt(1, sum(found[security] for security in whole), len(found) - len(whole))
    log.info("candles_rebuilt", day=str(day), ticks=rebuilt.ticks, left=rebuilt.left)
    return rebuilt


def _counts(begin: datetime, end: datetime) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [begin, end])
        return dict(cursor.fetchall())


def _ticks(begin: datetime, end: datetime, securities: Collection[int]) -> Iterator[Written]:
    """In batches, so that a day need not fit into memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_TICKS, [begin, end, list(securities)])
        while rows := cursor.fetchmany(_BATCH):
            yield Written(*np.array(rows, np.int64).T)
