"""What becomes of each tick: the rules of recording, for many ticks at once.

For one security, tick after tick as they arrived, beside its quote:

- one that is older than the quote is *late*: history, but not the newest price;
- one that repeats the quote (the price, and the previous close where it names one)
  is *nothing new* where repeats are left out: neither written nor numbered. A source
  that is asked says what it knows each time; who pushes a tick wants it recorded;
- any other is history, and the quote from now on. Its previous close is what it
  names, else the last price of an earlier UTC day, else what it was. It is settled
  by the first price of a day: a late one of the day before does not change it.

A tick without a time of its own is never late: it is placed no earlier than the
quote, so a server's clock that jumps back does not stop its prices.

`_in_turn` says exactly that. Where a security's ticks are in order of time and name
no previous close, as they nearly always are, whole arrays come to the same; a test
holds the two against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricefeed.columns import DAY, Column, TickColumns

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Quotes:
    """Of some securities, each column in their order; all 0 where there is none."""

    security: Column
    price: Column
    previous_close: Column
    at: Column
    sequence: Column

    @classmethod
    def none_of(cls, security: Column) -> "Quotes":
        """These securities, without any quotes."""
        return cls(security, *(np.zeros(len(security), np.int64) for _ in range(4)))


@dataclass(slots=True)
class Verdict:
    """By tick: is it written, when was it true, is it a new price. And the quotes then.

    `newest` is, by quote, the place of the tick that it now is; -1 where it stays.
    """

    is_written: Mask
    at: Column
    newest: Column
    quotes: Quotes


def judge(ticks: TickColumns, standing: Quotes, *, leaves_out_repeats: bool) -> Verdict:
    """Ticks sorted by security, as they arrived within each; a standing quote for each security.

    `standing.security` are the ticks' securities, ascending, each once.
    """
    starts = np.searchsorted(ticks.security, standing.security)
    lengths = np.diff(np.append(starts, len(ticks)))
    segment = np.repeat(np.arange(len(starts)), lengths)
    at = np.abs(ticks.at)
    is_first = np.zeros(len(ticks), np.bool_)
    is_first[starts] = True
    at_before = np.where(is_first, standing.at[segment], np.roll(at, 1))
    is_written = np.ones(len(ticks), np.bool_)
    if leaves_out_repeats:
        is_written = ticks.price != np.where(
            is_first, standing.price[segment], np.roll(ticks.price, 1)
        )
    moves = is_written.copy()
    is_odd = at < at_before
    if ticks.previous_close is not None:
        is_odd |= ticks.previous_close != 0
    odd = np.flatnonzero(np.logical_or.reduceat(is_odd, starts)) if len(ticks) else starts
    closes = {}
    for each in odd.tolist():
        begin = int(starts[each])
        turns = _in_turn(
            _rows(ticks, slice(begin, begin + int(lengths[each]))),
            _quote(standing, each),
            leaves_out_repeats=leaves_out_repeats,
        )
        for place, turn in enumerate(turns, start=begin):
            is_written[place], moves[place], at[place], closes[each] = turn
    moved = np.flatnonzero(moves)
    quotes, newest = _moved(ticks, standing, at, moved, segment[moved])
    for each, close in closes.items():
        quotes.previous_close[each] = close
    return Verdict(is_written, at, newest, quotes)


def _moved(
    ticks: TickColumns, standing: Quotes, at: Column, moved: Column, of: Column
) -> tuple[Quotes, Column]:
    """The quotes after these ticks, each a new price of quote `of`; and which tick each now is."""
    newest = np.full(len(standing.security), -1, np.int64)
    newest[of] = moved  # of several for one quote, the last
    begins = np.ones(len(moved), np.bool_)
    begins[1:] = of[1:] != of[:-1]
    price_before = np.where(begins, standing.price[of], np.roll(ticks.price[moved], 1))
    at_before = np.where(begins, standing.at[of], np.roll(at[moved], 1))
    is_new = begins & (standing.price[of] == 0)
    close = standing.previous_close.copy()
    close[of[is_new]] = ticks.price[moved[is_new]]
    is_new_day = ~is_new & (at[moved] // DAY > at_before // DAY)
    close[of[is_new_day]] = price_before[is_new_day]  # of several days, the last
    has_moved = newest >= 0
    quotes = Quotes(
        security=standing.security,
        price=np.where(has_moved, ticks.price[newest], standing.price),
        previous_close=close,
        at=np.where(has_moved, at[newest], standing.at),
        sequence=standing.sequence.copy(),
    )
    return quotes, newest


def _rows(ticks: TickColumns, within: slice) -> Iterator[tuple[int, int, int]]:
    """One security's ticks as `_in_turn` takes them."""
    prices = ticks.price[within].tolist()
    given = ticks.previous_close
    closes = [0] * len(prices) if given is None else given[within].tolist()
    return zip(prices, closes, ticks.at[within].tolist(), strict=True)


def _quote(standing: Quotes, place: int) -> tuple[int, ...] | None:
    """Price, previous close and time; None where there is no quote yet."""
    if not standing.price[place]:
        return None
    return tuple(
        int(each[place]) for each in (standing.price, standing.previous_close, standing.at)
    )


def _in_turn(
    rows: Iterator[tuple[int, int, int]],
    quote: tuple[int, ...] | None,
    *,
    leaves_out_repeats: bool,
) -> Iterator[tuple[bool, bool, int, int]]:
    """For each (price, previous close or 0, at): written, a new price, when, and the close then."""
    for price, given, at in rows:
        moment = abs(at)
        if quote is None:
            quote = (price, given or price, moment)
            yield True, True, moment, quote[1]
            continue
        last, close, since = quote
        if at < 0:
            moment = max(moment, since)
        if moment < since:
            yield True, False, moment, close
        elif leaves_out_repeats and price == last and given in {0, close}:
            yield False, False, moment, close
        else:
            rolled = last if moment // DAY > since // DAY else close
            quote = (price, given or rolled, moment)
            yield True, True, moment, quote[1]
