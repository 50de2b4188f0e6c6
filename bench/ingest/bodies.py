"""Request bodies whose every tick can be told afterwards, made by filling in a template.

All rows are as long, so times and running numbers are written into whole columns: what a
body costs the load client is a few copies. The last four of a price's six decimals count
the ticks of its ticker; before them it wobbles within half a percent, and now and then
it jumps by five and comes back: a spike.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

RUN = 10_000
"""Running numbers begin anew there."""

_ROW = '{{"ticker":"{ticker}","price":"000.000000","at":0000000000000}},'
_PRICE_PLACES, _AT_PLACES = 10, 13
_CENT = 10_000  # millionths
_LOWEST, _HIGHEST = 200, 800  # so that whole prices have three digits, also those of spikes
_WOBBLE, _SPIKE = 0.005, 0.05


class Bodies:
    """Of one feeder: its requests 0, 1, 2 …, each with `laps` ticks of each ticker."""

    def __init__(self, tickers: Sequence[str], laps: int) -> None:
        self.tickers, self.laps = len(tickers), laps
        self.ticks = self.tickers * laps
        chance = np.random.default_rng(7)
        base = chance.integers(_LOWEST * 100, _HIGHEST * 100, self.tickers)
        wobble = chance.uniform(1 - _WOBBLE, 1 + _WOBBLE, (laps, self.tickers))
        self._amounts = (base * wobble).astype(np.int64) * _CENT
        text = "[" + "".join(_ROW.format(ticker=ticker) for ticker in tickers) * laps
        self._template = np.frombuffer(text.encode(), np.uint8).copy()
        self._template[-1] = ord("]")
        width = (len(text) - 1) // self.ticks
        row = _ROW.format(ticker=tickers[0])
        self._width = width
        self._price = row.index("000.000000")
        self._at = row.index("0000000000000")

    def body(self, request: int, *, begin_ms: int, end_ms: int) -> bytes:
        """The ticks of the time from `begin_ms` to `end_ms`, in order of time."""
        body = self._template.copy()
        rows = body[1:].reshape(self.ticks, self._width)
        at = begin_ms + (end_ms - begin_ms) * np.arange(1, self.ticks + 1) // self.ticks
        _write(rows[:, self._at : self._at + _AT_PLACES], at)
        amounts = self.amounts(request).reshape(-1)
        whole, decimals = np.divmod(amounts, 1_000_000)
        price = rows[:, self._price : self._price + _PRICE_PLACES]
        _write(price[:, :3], whole)
        _write(price[:, 4:], decimals)
        return body.tobytes()

    def amounts(self, request: int) -> Ints:
        """The prices of a request in millionths, by lap and ticker."""
        lap, ticker = self.spike(request)
        runs = (request * self.laps + np.arange(self.laps)) % RUN
        amounts = self._amounts + runs[:, np.newaxis]
        amounts[lap, ticker] += int(self._amounts[lap, ticker] * _SPIKE) // _CENT * _CENT
        return amounts

    def spike(self, request: int) -> tuple[int, int]:
        """The lap and the ticker that jumps in this request."""
        return request * 31 % self.laps, request * 37 % self.tickers


def _write(places: NDArray[np.uint8], numbers: Ints) -> None:
    """Decimal digits, one number a row."""
    rest = numbers
    for place in reversed(range(places.shape[1])):
        rest, digit = np.divmod(rest, 10)
        places[:, place] = digit + ord("0")
