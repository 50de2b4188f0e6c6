"""The past as Postgres knows it: states that Redis does not have, and what is around late ticks."""

from collections.abc import Iterable, Iterator, Sequence
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
from pricefeed.recording.binary import SINCE_2000
from pricefeed.recording.written import Written

# Ticks come as texts of 64-bit numbers, one of each security: a tick costs no object in Python.
_STATES = """
SELECT wanted.id, totals.*, recent.*
  FROM unnest(%(ids)s::bigint[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(count), 0)::bigint,
              coalesce((min(low) * 1000000)::bigint, %(no_minimum)s),
              coalesce((max(high) * 1000000)::bigint, 0)
         FROM pricefeed_candle_1d
        WHERE security_id = wanted.id
       ) AS totals
 CROSS JOIN LATERAL (
       SELECT least(min(at), max(at) - %(held)s * interval '1 microsecond')
         FROM (SELECT at
                 FROM pricefeed_tick
                WHERE security_id = wanted.id AND sequence <= %(upto)s
                ORDER BY at DESC, sequence DESC
                LIMIT %(averaged)s) AS averaged
       ) AS held (since)
 CROSS JOIN LATERAL (
       SELECT string_agg(timestamptz_send(at), '' ORDER BY at, sequence),
              string_agg(int8send((price * 1000000)::bigint), '' ORDER BY at, sequence)
         FROM pricefeed_tick
        WHERE security_id = wanted.id AND at >= held.since AND sequence <= %(upto)s
       ) AS recent
 ORDER BY wanted.id
"""

_AROUND = """
SELECT wanted.id, tick.*
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wanted (id, low, high)
 CROSS JOIN LATERAL (
       SELECT string_agg(timestamptz_send(at), '' ORDER BY at, sequence),
              string_agg(int8send(sequence), '' ORDER BY at, sequence),
              string_agg(int8send((price * 1000000)::bigint), '' ORDER BY at, sequence)
         FROM pricefeed_tick
        WHERE security_id = wanted.id AND at BETWEEN wanted.low AND wanted.high
       ) AS tick
 ORDER BY wanted.id, wanted.low
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
        "no_minimum": NO_MINIMUM,
    }
    _, count, minimum, maximum, at, price = _read(_STATES, values)
    lengths, moments = _lengths(at), _numbers(at) + SINCE_2000
    first = np.append(moments, NEVER)[np.cumsum(lengths) - lengths]
    return States(
        security=securities,
        count=np.array(count),
        minimum=np.array(minimum),
        maximum=np.array(maximum),
        cut=np.where(lengths < AVERAGED, NEVER, first - 1),
        lengths=lengths,
        at=moments,
        price=_numbers(price),
    )


def surroundings(late: Written, *, window: int) -> Series:
    """Ticks from a window before to a window after each of these, which are new. One query."""
    security, low, high = ranges_around(late.security, late.at, window=window)
    moments = ([moment_of(each) for each in column.tolist()] for column in (low, high))
    of, at, sequence, price = _read(_AROUND, [security.tolist(), *moments])
    ids, starts = np.unique(np.repeat(of, _lengths(at)), return_index=True)
    is_new = np.isin(_numbers(sequence), late.sequence)
    return Series(ids, starts, _numbers(at) + SINCE_2000, _numbers(price), is_new)


def ranges_around(security: Column, at: Column, *, window: int) -> tuple[Column, Column, Column]:
    """Of which security, from when, until when: a window around each, merged where they meet."""
    order = np.lexsort((at, security))
    security, at = security[order], at[order]
    begins = np.ones(len(at), np.bool_)
    begins[1:] = (security[1:] != security[:-1]) | (at[1:] - at[:-1] > 2 * window)
    return security[begins], at[begins] - window, at[np.roll(begins, -1)] + window


def _read(query: str, values: Any) -> list[tuple[Any, ...]]:
    """The columns of its rows, of which there are some."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(zip(*cursor.fetchall(), strict=True))


def _lengths(texts: Sequence[bytes | None]) -> Column:
    return np.array([len(each or b"") for each in texts]) // 8


def _numbers(texts: Iterable[bytes | None]) -> Column:
    return np.frombuffer(b"".join(each or b"" for each in texts), ">i8").astype(np.int64)
