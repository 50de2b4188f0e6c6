"""Whole arrays of ticks come to what the rules say of them one after another."""

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pricefeed.columns import DAY, TickColumns
from pricefeed.recording.verdict import Quotes, judge

START = 20_000 * DAY
HALF_A_DAY = DAY // 2


class Row(NamedTuple):
    security: int
    price: int
    at: int
    has_time: bool
    close: int


class Quote(NamedTuple):
    price: int
    close: int
    at: int


rows = st.builds(
    Row,
    security=st.integers(1, 4),
    price=st.integers(1, 3),
    at=st.integers(0, 6),
    has_time=st.booleans() | st.just(True),
    close=st.sampled_from([0, 0, 0, 5, 6]),
)
standing = st.dictionaries(
    st.integers(1, 4), st.builds(Quote, st.integers(1, 3), st.integers(4, 6), st.integers(0, 4))
)


def by_the_rules(
    ticks: list[Row], quotes: dict[int, Quote], *, leaves_out_repeats: bool
) -> tuple[list[tuple[int, int, int]], dict[int, Quote]]:
    """The rules written down once more: what is written, and the quotes."""
    quotes, written = dict(quotes), []
    for row in ticks:
        quote, at = quotes.get(row.security), row.at
        if quote is not None:
            if not row.has_time:
                at = max(at, quote.at)
            if at < quote.at:
                written.append((row.security, row.price, at))
                continue
            if leaves_out_repeats and row.price == quote.price and row.close in (0, quote.close):
                continue
        written.append((row.security, row.price, at))
        if row.close:
            close = row.close
        elif quote is None:
            close = row.price
        else:
            close = quote.price if at // 2 > quote.at // 2 else quote.close
        quotes[row.security] = Quote(row.price, close, at)
    return written, quotes


def moment(at: int) -> int:
    return START + at * HALF_A_DAY


@settings(max_examples=500)
@given(st.lists(rows, min_size=1, max_size=25), standing, st.booleans(), st.booleans())
def test_arrays_come_to_what_the_rules_say(
    ticks: list[Row], before: dict[int, Quote], with_closes: bool, leaves_out_repeats: bool
) -> None:
    if not with_closes:
        ticks = [row._replace(close=0) for row in ticks]
    ticks = sorted(ticks, key=lambda row: row.security)
    ids = sorted({row.security for row in ticks})
    columns = TickColumns(
        np.array([row.security for row in ticks]),
        np.array([moment(row.at) * (1 if row.has_time else -1) for row in ticks]),
        np.array([row.price for row in ticks]),
        np.array([row.close for row in ticks]) if with_closes else None,
    )
    quotes = Quotes.none_of(np.array(ids))
    for place, each in enumerate(ids):
        if each in before:
            price, close, at = before[each]
            quotes.price[place], quotes.previous_close[place] = price, close
            quotes.at[place], quotes.sequence[place] = moment(at), 1
    verdict = judge(columns, quotes, leaves_out_repeats=leaves_out_repeats)
    written, after = by_the_rules(ticks, before, leaves_out_repeats=leaves_out_repeats)
    places = np.flatnonzero(verdict.is_written)
    assert [
        (int(columns.security[n]), int(columns.price[n]), int(verdict.at[n])) for n in places
    ] == [(security, price, moment(at)) for security, price, at in written]
    found = verdict.quotes
    for place, each in enumerate(ids):
        if each in after:
            quote = Quote(*after[each])
            assert (found.price[place], found.previous_close[place]) == (quote.price, quote.close)
            assert found.at[place] == moment(quote.at)
        moved = int(verdict.newest[place])
        assert (moved >= 0) == (after.get(each) is not before.get(each))
        if moved >= 0:
            assert (columns.security[moved], columns.price[moved]) == (each, found.price[place])
