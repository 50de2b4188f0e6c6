"""Candles and anomalies that Postgres has, against what all its ticks come to."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import psycopg

WINDOW = 1_000_000
"""ANOMALY_WINDOW_MS, in microseconds."""
THRESHOLD_PERCENT = 2
_INTERVALS = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86_400}

_TICKS = """
SELECT security_id, (extract(epoch FROM at) * 1000000)::bigint, sequence,
       (price * 1000000)::bigint
  FROM pricefeed_tick ORDER BY security_id, at, sequence
"""
_ANOMALIES = """
SELECT security_id, direction = 'up', (extract(epoch FROM at) * 1000000)::bigint
  FROM pricefeed_anomaly ORDER BY security_id, at
"""
_BARS = "security_id, start, count, open, high, low, close"
_MADE = """
SELECT security_id, date_bin('{seconds} seconds', at, '1970-01-01 00:00+00') AS start,
       count(*) AS count,
       (array_agg(price ORDER BY at, sequence))[1] AS open, max(price) AS high, min(price) AS low,
       (array_agg(price ORDER BY at DESC, sequence DESC))[1] AS close
  FROM pricefeed_tick GROUP BY 1, 2
"""


class Row(NamedTuple):
    """A tick: microseconds and millionths."""

    security: int
    at: int
    sequence: int
    price: int


Spike = tuple[int, bool, int]
"""Security, whether up, and when."""


def assert_candles(
    database: psycopg.Connection, *, intervals: Iterable[str] = tuple(_INTERVALS)
) -> None:
    """They are those of the ticks that there are."""
    for name in intervals:
        seconds = _INTERVALS[name]
        made = f"SELECT {_BARS} FROM ({_MADE.format(seconds=seconds)}) made"
        kept = f"SELECT {_BARS} FROM pricefeed_candle_{name}"
        wrong = database.execute(
            f"({made} EXCEPT ALL {kept}) UNION ALL ({kept} EXCEPT ALL {made}) LIMIT 5"
        ).fetchall()
        assert not wrong, f"{name} candles: {wrong}"


def assert_counted(database: psycopg.Connection, *, halves: Mapping[str, str]) -> None:
    """Every tick counts in the candles of one of two halves: table and what was taken from it."""
    for table, taken in halves.items():
        row = database.execute(
            f"SELECT (SELECT sum(count) FROM {table}) + (SELECT sum(count) FROM {taken}),"
            " (SELECT count(*) FROM pricefeed_tick)"
        ).fetchone()
        assert row is not None
        assert row[0] == row[1], f"{table}: {row}"


def assert_anomalies(database: psycopg.Connection) -> None:
    """They are those of the ticks that there are."""
    ticks = [Row(*row) for row in database.execute(_TICKS)]
    problems = anomaly_problems(spikes_of(ticks), list(database.execute(_ANOMALIES)))
    assert not problems, f"{len(problems)}: {problems[:5]}"


def spikes_of(ticks: Iterable[Row]) -> list[Spike]:
    """Which ticks spike, by the definition; ticks come by security, time and sequence."""
    found, security = [], 0
    lows: deque[Row] = deque()
    highs: deque[Row] = deque()
    for tick in ticks:
        if tick.security != security:
            security = tick.security
            lows.clear()
            highs.clear()
        for kept in (lows, highs):
            while kept and kept[0].at < tick.at - WINDOW:
                kept.popleft()
        if lows and (tick.price - lows[0].price) * 100 > lows[0].price * THRESHOLD_PERCENT:
            found.append((security, True, tick.at))
        if highs and (highs[0].price - tick.price) * 100 > highs[0].price * THRESHOLD_PERCENT:
            found.append((security, False, tick.at))
        while lows and lows[-1].price >= tick.price:
            lows.pop()
        while highs and highs[-1].price <= tick.price:
            highs.pop()
        lows.append(tick)
        highs.append(tick)
    return found


def anomaly_problems(spikes: Sequence[Spike], anomalies: Sequence[Spike]) -> list[str]:
    """None is missed, none is invented, and one jump is one."""
    problems = []
    spiking, begun = set(spikes), defaultdict(list)
    for security, is_up, at in anomalies:
        its = begun[security, is_up]
        if (security, is_up, at) not in spiking:
            problems.append(f"invented: {security} {is_up} {at}")
        if its and at - its[-1] <= WINDOW:
            problems.append(f"two of one jump: {security} {is_up} {its[-1]} {at}")
        its.append(at)
    for security, is_up, at in spikes:
        if not any(abs(at - other) <= WINDOW for other in _near(begun[security, is_up], at)):
            problems.append(f"missed: {security} {is_up} {at}")
    return problems


def _near(times: list[int], at: int) -> list[int]:
    """The nearest of a sorted list, before and after."""
    place = bisect_left(times, at)
    return times[max(0, place - 1) : place + 1]
