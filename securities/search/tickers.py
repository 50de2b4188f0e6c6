"""All tickers, sorted for the search."""

from typing import Any

import numpy as np
import numpy.typing as npt

from securities.search.folding import fold
from securities.search.pieces import Numbers

_ABOVE_ALL = b"~"  # sorts above letters and digits


class Tickers:
    """Finds tickers by prefix, without regard to case and punctuation."""

    def __init__(self, tickers: npt.NDArray[Any], squeezed: npt.NDArray[Any]) -> None:
        """Arrays of bytes; a security's number is its place. `squeezed` are without punctuation."""
        self.in_order = np.argsort(tickers).astype(np.uint32)
        """Numbers by ticker."""
        lengths = np.char.str_len(squeezed)
        self._by_length = np.lexsort((tickers, lengths)).astype(np.uint32)
        keys = squeezed[self._by_length]
        self._ranks = np.argsort(keys, kind="stable").astype(np.uint32)
        self._keys = keys[self._ranks]
        self._tickers = tickers

    def find(self, words: list[str]) -> tuple[Numbers, Numbers]:
        """Whose ticker this is, and whose begins with it; the shortest first, then by ticker."""
        query = "".join(words).encode()
        if len(query) > self._keys.itemsize:
            none = np.zeros(0, dtype=np.uint32)
            return none, none
        low = np.searchsorted(self._keys, query)
        high = middle = np.searchsorted(self._keys, query, side="right")
        if len(query) < self._keys.itemsize:
            high = np.searchsorted(self._keys, query + _ABOVE_ALL)
        exact = self._by_length[np.sort(self._ranks[low:middle])]
        longer = self._by_length[np.sort(self._ranks[middle:high])]
        if len(words) > 1:  # "at t" is no beginning of ATTO, but "brk b" is one of BRK.BX
            phrase = " ".join(words)
            begins = [fold(ticker.decode()).startswith(phrase) for ticker in self._tickers[longer]]
            longer = longer[np.array(begins, dtype=np.bool_)]
        return exact, longer
