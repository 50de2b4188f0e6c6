"""Candles of every interval, in the transaction of the ticks that they are made of.

The ticks of a batch become candles of minutes, those candles of five minutes, and so on;
then each joins what is stored of its interval. Joining is associative and commutative,
since ticks are ordered by time and sequence whenever they come: neither late ticks nor
the way in which ticks were put into batches make a difference.

Of days that are not kept by the minute any more, a late tick counts in its hour and day alone.
"""

import numpy as np
from numpy.typing import NDArray

from pricefeed.columns import DAY, Column
from pricefeed.models import CANDLES, Candle
from pricefeed.partitions import CANDLES_1M
from pricefeed.recording.binary import bigint_array, execute, numeric_array, timestamptz_array
from pricefeed.recording.written import Written

_FIRST = ("first_at", "first_sequence", "open")
_LAST = ("last_at", "last_sequence", "close")
_CANDLE = np.dtype(
    [
        (name, np.int64)
        # `intervals` has a bit for each interval that the candle is one of
        for name in ("security", "intervals", "count", *_FIRST, *_LAST, "high", "low")
    ]
)
_SECOND = 1_000_000  # microseconds
_MINUTES = 0b0011
"""The intervals whose candles expire: 1m and 5m."""

Candles = NDArray[np.void]


def merge_candles(ticks: Written) -> None:
    """Let ticks join the candles of their intervals.

    To be called while the counter is locked, in the transaction that writes the ticks. One
    statement. The partitions of the ticks' days have to be there.
    """
    if not len(ticks):
        return
    candles = candles_of(ticks)
    first_kept = np.datetime64(CANDLES_1M.first_day_kept()).astype(np.int64) * DAY
    candles["intervals"][candles["first_at"] < first_kept] &= ~_MINUTES
    execute(
        _MERGE,
        [
            bigint_array(candles["security"]),
            bigint_array(candles["intervals"]),
            bigint_array(candles["count"]),
            timestamptz_array(candles["first_at"]),
            bigint_array(candles["first_sequence"]),
            numeric_array(candles["open"]),
            timestamptz_array(candles["last_at"]),
            bigint_array(candles["last_sequence"]),
            numeric_array(candles["close"]),
            numeric_array(candles["high"]),
            numeric_array(candles["low"]),
        ],
    )


def candles_of(ticks: Written) -> Candles:
    """The candles of these ticks. One that is the same for several intervals is there once."""
    candles = _minutes(ticks)
    finished = []
    for place, interval in enumerate(list(CANDLES.values())[1:], start=1):
        start = candles["first_at"] // (interval.SECONDS * _SECOND)
        starts = _starts(candles["security"], start)
        lengths = np.diff(starts, append=len(candles))
        is_alone = lengths == 1
        finished.append(candles[np.repeat(~is_alone, lengths)])
        intervals = np.where(is_alone, candles["intervals"][starts], 0) | 1 << place
        candles = _joined(candles, starts)
        candles["intervals"] = intervals
    return np.concatenate([*finished, candles])


def _minutes(ticks: Written) -> Candles:
    """Their candles of one minute, by security and time."""
    is_late = (ticks.at[1:] < ticks.at[:-1]) & (ticks.security[1:] == ticks.security[:-1])
    if is_late.any():
        ticks = ticks.where(np.lexsort((ticks.sequence, ticks.at, ticks.security)))
    starts = _starts(ticks.security, ticks.at // (CANDLES["1m"].SECONDS * _SECOND))
    lengths = np.diff(starts, append=len(ticks))
    candles = np.empty(len(starts), _CANDLE)
    candles["security"], candles["intervals"] = ticks.security[starts], 1
    candles["count"] = lengths
    for names, places in ((_FIRST, starts), (_LAST, starts + lengths - 1)):
        for name, column in zip(names, (ticks.at, ticks.sequence, ticks.price), strict=True):
            candles[name] = column[places]
    candles["high"] = np.maximum.reduceat(ticks.price, starts)
    candles["low"] = np.minimum.reduceat(ticks.price, starts)
    return candles


def _starts(security: Column, interval: Column) -> Column:
    """Where another security or interval begins."""
    is_other = (interval[1:] != interval[:-1]) | (security[1:] != security[:-1])
    return np.concatenate([[0], np.flatnonzero(is_other) + 1])


def _joined(candles: Candles, starts: Column) -> Candles:
    """Candles in order, one out of all from each of these places up to the next."""
    joined = candles[starts]
    ends = np.append(starts[1:], len(candles)) - 1
    for name in _LAST:
        joined[name] = candles[name][ends]
    joined["count"] = np.add.reduceat(candles["count"], starts)
    joined["high"] = np.maximum.reduceat(candles["high"], starts)
    joined["low"] = np.minimum.reduceat(candles["low"], starts)
    return joined


_COLUMNS = f"count, {', '.join(_FIRST)}, {', '.join(_LAST)}, high, low"
_IS_FIRST = "(new.first_at, new.first_sequence) < (old.first_at, old.first_sequence)"
_IS_LAST = "(new.last_at, new.last_sequence) > (old.last_at, old.last_sequence)"
_JOINED = ", ".join(
    [
        "count = old.count + new.count",
        "high = greatest(old.high, new.high)",
        "low = least(old.low, new.low)",
        *(f"{name} = CASE WHEN {_IS_FIRST} THEN new.{name} ELSE old.{name} END" for name in _FIRST),
        *(f"{name} = CASE WHEN {_IS_LAST} THEN new.{name} ELSE old.{name} END" for name in _LAST),
    ]
).replace("new.", "excluded.")


def _merge(place: int, name: str, interval: type[Candle]) -> str:
    start = f"date_bin('{interval.SECONDS} seconds', first_at, '1970-01-01 00:00+00')"
    return f"""
INSERT INTO pricefeed_candle_{name} AS old (security_id, start, {_COLUMNS})
SELECT security_id, {start}, {_COLUMNS} FROM candle WHERE intervals & {1 << place} <> 0
    ON CONFLICT (security_id, start) DO UPDATE SET {_JOINED}"""  # noqa: S608


_MERGES = [_merge(place, *interval) for place, interval in enumerate(CANDLES.items())]
_MERGE = f"""
WITH candle AS MATERIALIZED (
    SELECT * FROM unnest(
        %b::bigint[], %b::bigint[], %b::bigint[], %b::timestamptz[], %b::bigint[],
        %b::numeric[], %b::timestamptz[], %b::bigint[], %b::numeric[], %b::numeric[], %b::numeric[]
    ) AS candle (security_id, intervals, {_COLUMNS})
),
{", ".join(f"merged_{place} AS ({merge})" for place, merge in enumerate(_MERGES[:-1]))}
{_MERGES[-1]}
"""  # noqa: S608
