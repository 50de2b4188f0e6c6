"""The past as Postgres knows it: states that Redis does not have, and what is around late ticks."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection

from pricefeed.columns import Column, moment_of
from pricefeed.recording.analytics.kept import Kept
from pricefeed.recording.analytics.series import Series
from pricefeed.recording.analytics.states import (
    AVERAGED,
    NEVER,
    NO_MINIMUM,
    WINDOWS_HELD,
    States,
    unpack,
)
from pricefeed.recording.written import Written

_STATES = """
SELECT wanted.id, totals.count,
       coalesce((totals.minimum * 1000000)::bigint, 0),
       coalesce((totals.maximum * 1000000)::bigint, 0),
       coalesce((extract(epoch FROM recent.at) * 1000000)::bigint, 0),
       coalesce((recent.price * 1000000)::bigint, 0)
  FROM unnest(%(ids)s::bigint[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(count), 0)::bigint, min(low), max(high)
         FROM pricefeed_candle_1d
        WHERE security_id = wanted.id
       ) AS totals (count, minimum, maximum)
 CROSS JOIN LATERAL (
       SELECT least(min(at), max(at) - %(held)s * interval '1 microsecond')
         FROM (SELECT at
                 FROM pricefeed_tick
                WHERE security_id = wanted.id AND sequence <= %(upto)s
                ORDER BY at DESC, sequence DESC
                LIMIT %(averaged)s) AS averaged
       ) AS held (since)
  LEFT JOIN LATERAL (
       SELECT at, sequence, price
         FROM pricefeed_tick
        WHERE security_id = wanted.id AND at >= held.since AND sequence <= %(upto)s
       OFFSET 0
       ) AS recent ON true
 ORDER BY wanted.id, recent.at, recent.sequence
"""

_AROUND = """
SELECT wanted.id, (extract(epoch FROM at) * 1000000)::bigint, sequence, (price * 1000000)::bigint
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wanted (id, low, high)
 CROSS JOIN LATERAL (
       SELECT at, sequence, price
         FROM pricefeed_tick
        WHERE security_id = wanted.id AND at BETWEEN wanted.low AND wanted.high
       OFFSET 0
       ) AS tick
 ORDER BY wanted.id, at, sequence
"""


def states_of(securities: Column, kept: Kept, *, upto: int, window: int) -> States:
    """The states of these securities (ascending): those that are kept, and else reread."""
    missing = np.array([each is None for each in kept.packed])
    reread: Iterator[bytes] = iter(())
    if missing.any():
        reread = iter(
            reread_states(securities[missing], upto=upto, window=window).pack(window=window)
        )
    return unpack(securities, [next(reread) if each is None else each for each in kept.packed])


def reread_states(securities: Column, *, upto: int, window: int) -> States:
    """As after the tick numbered `upto`, of these securities (ascending). One query.

    The totals come from the candles of days, which are kept for ever, and are those of
    all ticks that have joined these.
    """
    values = {
        "ids": securities.tolist(),
        "upto": upto,
        "held": WINDOWS_HELD * window,
        "averaged": AVERAGED,
    }
    rows = _read(_STATES, values, columns=6)
    starts = np.searchsorted(rows[:, 0], securities)
    _, count, minimum, maximum, _, _ = rows[starts].T
    is_tick = rows[:, 5] > 0  # a security without any has a row all the same
    lengths = np.add.reduceat(is_tick, starts, dtype=np.int64)
    return States(
        security=securities,
        count=count,
        minimum=np.where(count > 0, minimum, NO_MINIMUM),
        maximum=maximum,
        cut=np.where(lengths < AVERAGED, NEVER, rows[starts, 4] - 1),
        lengths=lengths,
        at=rows[is_tick, 4],
        price=rows[is_tick, 5],
    )


def surroundings(late: Written, *, window: int) -> Series:
    """Ticks from a window before to a window after each of these, which are new. One query."""
    security, low, high = ranges_around(late.security, late.at, window=window)
    moments = ([moment_of(each) for each in column.tolist()] for column in (low, high))
    rows = _read(_AROUND, [security.tolist(), *moments], columns=4)
    ids, starts = np.unique(rows[:, 0], return_index=True)
    is_new = np.isin(rows[:, 2], late.sequence)
    return Series(ids, starts, at=rows[:, 1], price=rows[:, 3], is_new=is_new)


def ranges_around(security: Column, at: Column, *, window: int) -> tuple[Column, Column, Column]:
    """Of which security, from when, until when: a window around each, merged where they meet."""
    order = np.lexsort((at, security))
    security, at = security[order], at[order]
    begins = np.ones(len(at), np.bool_)
    begins[1:] = (security[1:] != security[:-1]) | (at[1:] - at[:-1] > 2 * window)
    return security[begins], at[begins] - window, at[np.roll(begins, -1)] + window


def _read(query: str, values: Any, *, columns: int) -> Column:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return np.array(cursor.fetchall(), np.int64).reshape(-1, columns)
