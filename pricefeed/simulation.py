"""The simulation as a feeder: SIMULATED_TICKS_PER_SECOND, by the door of pushed prices.

Each call pushes what has become due since the last one. How far the walk has come, and
where it stands, is kept in Redis beside the streams: any worker can go on. Nothing is
made up for: after a pause, or while too much waits to be recorded, ticks are left out.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple, cast

import numpy as np
from django.conf import settings
from django.utils import timezone

from pricefeed.columns import DAY, HIGHEST, TickColumns, microseconds
from pricefeed.pushed import columns_push
from pricefeed.recording.locks import simulation_lock
from pricefeed.recording.quotes import standing_quotes
from pricefeed.sources.pushed import streams as pushed_streams
from pricefeed.sources.pushed.streams import Busy, streams
from pricefeed.sources.simulated_stream import SECOND, SimulatedStream, WalkState, amounts_of
from pricefeed.sources.walk import Walk
from securities.redis_client import redis_client
from securities.selectors import active_tickers_by_id

PATIENCE_SECONDS = 5
"""What has been due for longer is left out, and so is everything while more than the ticks of
so many seconds wait to be recorded."""

_FORGOTTEN_AFTER = 60 * SECOND
_TICKS_AT_A_TIME = 50_000


class Simulated(NamedTuple):
    """What one call did, in ticks."""

    pushed: int
    left_out: int


def simulated_push() -> Simulated | None:
    """Push what is due; None while another does. Raises what Redis or Postgres raise when away."""
    with simulation_lock() as is_ours:
        if not is_ours:
            return None
        now = microseconds(timezone.now())
        stream = _stream(settings.SIMULATED_TICKS_PER_SECOND)
        tickers = active_tickers_by_id()
        state = _state(stream, tickers, now=now)
        if state.upto >= now:
            return Simulated(0, 0)
        begin = now if _too_many_wait() else max(state.upto, now - PATIENCE_SECONDS * SECOND)
        left_out = stream.due(state.upto, begin)
        ticks, state = stream.run(state.later(begin), list(tickers.values()), until=now)
        pushed = _push(ticks)
        redis_client().set(_key(), state.pack())
        return Simulated(pushed, left_out + len(ticks) - pushed)


@cache
def _stream(per_second: int) -> SimulatedStream:
    """This process's, as it remembers what stands for each ticker."""
    return SimulatedStream(Walk.from_settings(), per_second=per_second)


def _state(stream: SimulatedStream, tickers: Mapping[int, str], *, now: int) -> WalkState:
    """Where the walk stands; it goes on from the quote of a security that is new to it."""
    ids = np.array(list(tickers), np.int64)
    saved = _saved(now) or WalkState(now - SECOND, *[np.zeros(0, np.int64)] * 3)
    if np.array_equal(ids, saved.security):
        return saved
    quotes = standing_quotes(ids)
    is_of_today = quotes.at // DAY == now // DAY
    price = amounts_of(quotes.price)
    close = np.where(is_of_today, amounts_of(quotes.previous_close), price)
    is_new = quotes.price == 0
    price[is_new] = close[is_new] = stream.starts([tickers[each] for each in ids[is_new].tolist()])
    _, here, there = np.intersect1d(ids, saved.security, assume_unique=True, return_indices=True)
    price[here], close[here] = saved.price[there], saved.close[there]
    return WalkState(saved.upto, ids, price, close)


def _saved(now: int) -> WalkState | None:
    """What was kept; None where it is so old, or so far ahead, that the prices have gone on."""
    packed = cast("bytes | None", redis_client().get(_key()))  # typed for asyncio, too
    if packed is None:
        return None
    saved = WalkState.unpack(packed)
    return (
        saved if now - _FORGOTTEN_AFTER <= saved.upto <= now + PATIENCE_SECONDS * SECOND else None
    )


def _too_many_wait() -> bool:
    waiting = sum(streams().waiting().values())
    return waiting > PATIENCE_SECONDS * settings.SIMULATED_TICKS_PER_SECOND


def _push(ticks: TickColumns) -> int:
    """How many were taken: all of them, unless the streams are full.

    As ticks without times of their own, that is, which are never late: prices go on, too,
    after the clock was put back. A walk beside the highest price may step beyond it; nobody
    could commit that.
    """
    ticks = ticks.where((ticks.price > 0) & (ticks.price <= HIGHEST))
    ticks = replace(ticks, at=-ticks.at)
    pushed = 0
    for begin in range(0, len(ticks), _TICKS_AT_A_TIME):
        some = np.arange(begin, min(len(ticks), begin + _TICKS_AT_A_TIME))
        try:
            columns_push(ticks.where(some))
        except Busy:
            break
        pushed += len(some)
    return pushed


def _key() -> str:
    """Beside the streams: a Redis that loses the one loses the other."""
    return f"{pushed_streams.PREFIX}:simulated"
