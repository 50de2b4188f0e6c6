"""The search index: the whole catalogue in a few flat arrays, built once and never changed.

Securities are numbered by the length of their name without its legal form, then by
ticker: the number is the rank among equal hits (of two names that match, the shorter
says less else). Hits come in bands, best first:
  0 the ticker is the query            1 the ticker begins with it, shortest first
  2 the name begins with its words     3 the name begins with it, mid-word
  4 a later word is the query          5 a later word begins with it
  6 every word begins some word of the name, in any order
  7 some word begins with it written as one word ("exxon mobil", ExxonMobil)
  8 it stands anywhere in the name     9 it does, but for a typing error
Band 9 is only looked for when nothing stands in bands 1 to 7; two errors are
only forgiven when nothing at all was found.
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from securities.search.folding import fold, spellings, telling_length
from securities.search.names import Names, line_of
from securities.search.pace import pause, unhurried
from securities.search.pieces import QUERY_BYTES, Numbers
from securities.search.tickers import Tickers
from securities.search.typos import Vocabulary

Mask = npt.NDArray[np.bool_]


class Row(NamedTuple):
    """What the index needs of a security."""

    id: int
    ticker: str
    name: str


class SearchIndex:
    """Finds the ids of securities for what somebody typed. Safe to use from many threads."""

    def __init__(self, rows: Iterable[Row]) -> None:
        ids, lengths = array("q"), array("I")
        tickers, squeezed, lines = [], [], []
        words: dict[str, None] = {}
        for row in unhurried(rows):
            name, besides = spellings(row.name)
            ids.append(row.id)
            tickers.append(row.ticker.encode())
            squeezed.append(fold(row.ticker).replace(" ", "").encode())
            lines.append(line_of(name, besides))
            lengths.append(telling_length(name))
            words.update(dict.fromkeys(name.split()))
            words.update((text.partition(" ")[0], None) for _, text in besides)
        ticker_array, squeezed_array = _bytes_array(tickers), _bytes_array(squeezed)
        order = np.lexsort((ticker_array, np.array(lengths, np.uint32)))
        self.size = len(ids)
        self._ids = np.array(ids, dtype=np.int64)[order]
        self._tickers = Tickers(ticker_array[order], squeezed_array[order])
        self._names = Names([lines[place] for place in unhurried(order.tolist())])
        self._vocabulary = Vocabulary(unhurried(words))

    def search(self, query: str, limit: int) -> list[int]:
        """Ids, best first, at most `limit`. An empty query gives the first by ticker."""
        if not query.strip():
            return self._ids_of(self._tickers.in_order[:limit])
        words = _cut(fold(query)).split()
        if not words or not self.size:
            return []
        hits = _Hits(self.size, limit)
        began = self._add_beginnings(hits, words)
        if not hits.full:
            self._add_anywhere(hits, words)
        if not hits.full and not began:
            self._add_mistyped(hits, words)
        return self._ids_of(hits.found)

    def _add_beginnings(self, hits: "_Hits", words: list[str]) -> bool:
        """Bands 0 to 7; whether anything stands in 1 to 7, as far as there was need to look."""
        exact, longer = self._tickers.find(words)
        hits.add_in_order(exact)
        hits.add_in_order(longer)
        began = len(longer) > 0
        for owners in self._by_words(words):
            if hits.full:
                return True
            hits.add(owners)
            began = began or len(owners) > 0
        return began

    def _by_words(self, words: list[str]) -> Iterator[Numbers]:
        phrase = " ".join(words).encode()
        yield from self._names.heads.find(phrase)
        yield from self._names.tails.find(phrase)
        if len(words) > 1:
            all_words = np.ones(self.size, dtype=np.bool_)
            for word in words:
                all_words &= self._owners_of(word)
            yield np.flatnonzero(all_words).astype(np.uint32)
            yield np.flatnonzero(self._owners_of("".join(words))).astype(np.uint32)

    def _add_anywhere(self, hits: "_Hits", words: list[str]) -> None:
        """Those found first have the lowest numbers, so it may stop when there are enough."""
        for owners in self._names.having(" ".join(words).encode()):
            hits.add(owners)
            if hits.full:
                break

    def _add_mistyped(self, hits: "_Hits", words: list[str]) -> None:
        """Names with every word, give or take errors: the fewer in all, the better."""
        most_errors = 1 if hits.found else 2
        by_errors: dict[int, Mask] = {0: np.ones(self.size, dtype=np.bool_)}
        for word in words:
            by_errors = _together(by_errors, self._with_errors(word, most_errors))
            if not by_errors:
                return
        for errors in sorted(by_errors):
            hits.add(np.flatnonzero(by_errors[errors]).astype(np.uint32))

    def _with_errors(self, word: str, most_errors: int) -> dict[int, Mask]:
        """Who has the word, by the number of errors in it; words that begin with it have none."""
        masks = {0: self._owners_of(word)}
        for similar, errors in self._vocabulary.near(word, most_errors):
            mask = masks.setdefault(errors, np.zeros(self.size, dtype=np.bool_))
            for starts in (self._names.heads, self._names.tails):
                mask[starts.find_whole(similar.encode())] = True
        return masks

    def _owners_of(self, word: str) -> Mask:
        """Who has a word that begins so."""
        mask = np.zeros(self.size, dtype=np.bool_)
        for starts in (self._names.heads, self._names.tails):
            for owners in starts.find(word.encode()):
                mask[owners] = True
        return mask

    def _ids_of(self, numbers: Numbers | list[int]) -> list[int]:
        ids: list[int] = self._ids[np.asarray(numbers, dtype=np.intp)].tolist()
        return ids


class _Hits:
    """Numbers found so far, each once, at most `limit`."""

    def __init__(self, size: int, limit: int) -> None:
        self._seen = np.zeros(size, dtype=np.bool_)
        self._limit = limit
        self.found: list[int] = []

    @property
    def full(self) -> bool:
        return len(self.found) >= self._limit

    def add(self, owners: Numbers) -> None:
        """Add those of a band that are not there yet, lowest number first."""
        if len(owners) and not self.full:
            band = np.zeros_like(self._seen)
            band[owners] = True
            self.add_in_order(np.flatnonzero(band).astype(np.uint32))

    def add_in_order(self, owners: Numbers) -> None:
        """Add those of a band that are not there yet, in the order they come, no one twice."""
        fresh = owners[~self._seen[owners]][: self._limit - len(self.found)]
        self._seen[fresh] = True
        self.found += fresh.tolist()


def _together(first: dict[int, Mask], second: dict[int, Mask]) -> dict[int, Mask]:
    """Who is in both, by the sum of the errors."""
    both: dict[int, Mask] = {}
    for errors, mask in first.items():
        for more, other in second.items():
            common = mask & other
            if common.any():
                before = both.get(errors + more)
                both[errors + more] = common if before is None else before | common
    return both


def _bytes_array(texts: list[bytes]) -> npt.NDArray[np.bytes_]:
    pause()  # numpy keeps the interpreter while it reads Python's objects
    return np.array(texts, np.bytes_)


def _cut(folded: str) -> str:
    return folded.encode()[:QUERY_BYTES].decode(errors="ignore")
