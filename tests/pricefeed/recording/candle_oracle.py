"""Candles from all ticks at once, in plain Python: what any batches, in any order, come to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from pricefeed.columns import decimal_of, moment_of
from pricefeed.models import CANDLES
from pricefeed.recording.written import Written

SECONDS = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86_400}


class Row(NamedTuple):
    """A tick: microseconds and millionths."""

    security: int
    at: int
    sequence: int
    price: int


class Bar(NamedTuple):
    """A candle."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    count: int


Bars = dict[tuple[str, int, datetime], Bar]
"""By interval, security and start."""


def expected(rows: Iterable[Row], *, intervals: Iterable[str] = tuple(SECONDS)) -> Bars:
    """The candles of these ticks."""
    groups = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.at, row.sequence)):
        for interval in intervals:
            width = SECONDS[interval] * 1_000_000
            start = moment_of(row.at // width * width)
            groups[interval, row.security, start].append(decimal_of(row.price))
    return {
        key: Bar(prices[0], max(prices), min(prices), prices[-1], len(prices))
        for key, prices in groups.items()
    }


def stored() -> Bars:
    """The candles that there are."""
    return {
        (interval, row.security_id, row.start): Bar(
            row.open, row.high, row.low, row.close, row.count
        )
        for interval, model in CANDLES.items()
        for row in model.objects.all()
    }


def written(rows: Sequence[Row]) -> Written:
    """As a batch: by security, and by sequence within each."""
    columns = np.array(sorted(rows, key=lambda row: (row.security, row.sequence)), np.int64)
    return Written(*columns.reshape(-1, 4).T)
