"""The search index: the whole catalogue in a few flat arrays, built once and never changed.

Securities are numbered by the length of their name, then by ticker: the number
is the rank among equal hits (of two names that match, the shorter one says less
else). All folded names stand in this order in one byte string; the starts of
their words are kept sorted by what follows, so a prefix is a bisection and
"anywhere" is one scan that meets the best hits first and stops early.

Hits come in bands, best first:
  0 the ticker is the query            1 the ticker begins with it, shortest first
  2 the name begins with its words     3 the name begins with it, mid-word
  4 a later word is the query          5 a later word begins with it
  6 every word begins some word of the name, in any order
  7 some word begins with it written as one word ("exxon mobil", ExxonMobil)
  8 it stands anywhere in the name     9 a typing error or two away (see `typos`)
Band 9 is only looked for when nothing stands in bands 1 to 7.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from securities.search.folding import fold, spellings
from securities.search.typos import Vocabulary

Numbers = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]

QUERY_BYTES = 64
"""A folded query is cut to this length: no name needs more to be told from the others."""

_TYPO_LETTERS = 4


class Row(NamedTuple):
    """What the index needs of a security."""

    id: int
    ticker: str
    name: str


class WordStarts:
    """Places in the text where words begin, sorted by the text from there on."""

    def __init__(self, text: bytes, places: list[tuple[int, int]]) -> None:
        """`places` are pairs: offset into the text, number of the security."""
        places.sort(key=lambda place: text[place[0] : place[0] + QUERY_BYTES])
        self._text = text
        self._starts = np.array([start for start, _ in places], dtype=np.uint32)
        self._owners = np.array([owner for _, owner in places], dtype=np.uint32)

    def find(self, prefix: bytes) -> tuple[Numbers, Numbers]:
        """Who has this prefix as whole words, and who has it as the beginning of a longer word."""
        text, starts, length = self._text, self._starts, len(prefix)
        low = bisect_left(starts, prefix, key=lambda at: text[at : at + length])
        high = bisect_right(starts, prefix, lo=low, key=lambda at: text[at : at + length])
        # Behind a whole word stands a separator, and those sort below "!"; letters sort above.
        after = prefix + b"!"
        middle = bisect_left(
            starts, after, lo=low, hi=high, key=lambda at: text[at : at + length + 1]
        )
        return self._owners[low:middle], self._owners[middle:high]


class SearchIndex:
    """Finds the ids of securities for what somebody typed. Safe to use from many threads."""

    def __init__(self, rows: Iterable[Row]) -> None:
        entries = [(row, *spellings(row.name)) for row in rows]
        entries.sort(key=lambda entry: (len(entry[1]), entry[0].ticker))
        self.size = len(entries)
        self._ids = np.array([row.id for row, _, _ in entries], dtype=np.int64)
        self._index_tickers([row.ticker for row, _, _ in entries])
        self._index_names([(name, besides) for _, name, besides in entries])

    def search(self, query: str, limit: int) -> list[int]:
        """Ids, best first, at most `limit`. An empty query gives the first by ticker."""
        if not query.strip():
            return self._ids_of(self._by_ticker[:limit])
        words = _cut(fold(query)).split()
        if not words or not self.size:
            return []
        hits = _Hits(self.size, limit)
        began = self._add_beginnings(hits, words)
        if not hits.full:
            self._add_anywhere(hits, words)
        if not hits.full and not began:
            for owners in self._typing_errors(words):
                hits.add(owners)
        return self._ids_of(hits.found)

    # -- Building ----------------------------------------------------------------------------

    def _index_tickers(self, tickers: list[str]) -> None:
        folded = [fold(ticker) for ticker in tickers]
        squeezed = [ticker.replace(" ", "") for ticker in folded]
        self._by_ticker = np.array(sorted(range(self.size), key=tickers.__getitem__), np.uint32)
        by_length = sorted(range(self.size), key=lambda n: (len(squeezed[n]), tickers[n]))
        self._by_ticker_length = np.array(by_length, np.uint32)
        keys = sorted((squeezed[n], rank) for rank, n in enumerate(by_length))
        self._ticker_keys = [key for key, _ in keys]
        self._ticker_ranks = np.array([rank for _, rank in keys], np.uint32)
        self._folded_tickers = folded

    def _index_names(self, names: list[tuple[str, list[tuple[int, str]]]]) -> None:
        text = bytearray()
        heads: list[tuple[int, int]] = []
        tails: list[tuple[int, int]] = []
        vocabulary: dict[str, None] = {}
        lines = []
        for number, (name, besides) in enumerate(names):
            lines.append(len(text))
            for place, word in _places(name):
                (tails if place else heads).append((len(text) + place, number))
                vocabulary[word] = None
            text += name.encode()
            for first_word, spelling in besides:
                text += b"\t"
                (tails if first_word else heads).append((len(text), number))
                text += spelling.encode()
            text += b"\n"
        self._text = bytes(text)
        self._lines = np.array(lines, dtype=np.uint32)
        self._heads = WordStarts(self._text, heads)
        self._tails = WordStarts(self._text, tails)
        self._vocabulary = Vocabulary(vocabulary)

    # -- Searching ---------------------------------------------------------------------------

    def _add_beginnings(self, hits: "_Hits", words: list[str]) -> bool:
        """Bands 0 to 7; whether anything stands in 1 to 7 (as far as was looked)."""
        squeezed = "".join(words)
        exact, longer = self._tickers(words, squeezed)
        hits.add_in_order(exact)
        hits.add_in_order(longer)
        began = len(longer) > 0
        for owners in self._names_by_words(words, squeezed):
            if hits.full:
                return True
            hits.add(owners)
            began = began or len(owners) > 0
        return began

    def _tickers(self, words: list[str], squeezed: str) -> tuple[Numbers, Numbers]:
        keys = self._ticker_keys
        low = bisect_left(keys, squeezed)
        middle = bisect_right(keys, squeezed, lo=low)
        high = bisect_right(keys, squeezed, lo=low, key=lambda key: key[: len(squeezed)])
        exact = self._by_ticker_length[np.sort(self._ticker_ranks[low:middle])]
        longer = self._by_ticker_length[np.sort(self._ticker_ranks[middle:high])]
        if len(words) > 1:  # "at t" is no beginning of ATTO; "brk b" might be one of BRK.BX
            phrase = " ".join(words)
            longer = np.array(
                [n for n in longer if self._folded_tickers[n].startswith(phrase)], np.uint32
            )
        return exact, longer

    def _names_by_words(self, words: list[str], squeezed: str) -> Iterator[Numbers]:
        phrase = " ".join(words).encode()
        yield from self._heads.find(phrase)
        yield from self._tails.find(phrase)
        if len(words) > 1:
            yield np.flatnonzero(self._all_of(words)).astype(np.uint32)
            as_one_word = squeezed.encode()
            for starts in (self._heads, self._tails):
                yield np.concatenate(starts.find(as_one_word))

    def _all_of(self, words: list[str]) -> Mask:
        """Who has, for each of the words, a word of the name that begins with it."""
        everyone = np.ones(self.size, dtype=np.bool_)
        for word in words:
            everyone &= self._owners_of(word, whole=False)
        return everyone

    def _owners_of(self, word: str, *, whole: bool) -> Mask:
        mask = np.zeros(self.size, dtype=np.bool_)
        for starts in (self._heads, self._tails):
            exactly, longer = starts.find(word.encode())
            mask[exactly] = True
            if not whole:
                mask[longer] = True
        return mask

    def _add_anywhere(self, hits: "_Hits", words: list[str]) -> None:
        phrase = " ".join(words).encode()
        at = self._text.find(phrase)
        while at >= 0 and not hits.full:
            number = int(np.searchsorted(self._lines, at, side="right")) - 1
            hits.add_one(number)
            if number + 1 == self.size:
                return
            at = self._text.find(phrase, int(self._lines[number + 1]))

    def _typing_errors(self, words: list[str]) -> Iterator[Numbers]:
        """Securities whose names have every word, give or take typing errors; nearest first."""
        if all(len(word) < _TYPO_LETTERS for word in words):
            return
        by_errors: dict[int, Mask] = {0: np.ones(self.size, dtype=np.bool_)}
        for word in words:
            by_errors = _together(by_errors, self._with_errors(word))
        for errors in sorted(by_errors):
            yield np.flatnonzero(by_errors[errors]).astype(np.uint32)

    def _with_errors(self, word: str) -> dict[int, Mask]:
        """Who has the word, by the number of errors in it; words that begin with it have none."""
        masks = {0: self._owners_of(word, whole=False)}
        if len(word) >= _TYPO_LETTERS:
            for similar, errors in self._vocabulary.near(word):
                mask = masks.setdefault(errors, np.zeros(self.size, dtype=np.bool_))
                mask |= self._owners_of(similar, whole=True)
        return masks

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
        if self.full or not len(owners):
            return
        band = np.zeros_like(self._seen)
        band[owners] = True
        band &= ~self._seen
        self._keep(np.flatnonzero(band)[: self._limit - len(self.found)])

    def add_in_order(self, owners: Numbers) -> None:
        """Add those of a band in the order they come, each only once."""
        fresh = owners[~self._seen[owners]]
        self._keep(fresh[: self._limit - len(self.found)])

    def add_one(self, number: int) -> None:
        if not self._seen[number]:
            self._seen[number] = True
            self.found.append(number)

    def _keep(self, numbers: npt.NDArray[np.integer]) -> None:
        self._seen[numbers] = True
        self.found += numbers.tolist()


def _together(first: dict[int, Mask], second: dict[int, Mask]) -> dict[int, Mask]:
    """Who is in both, by the sum of the errors."""
    both: dict[int, Mask] = {}
    for errors, mask in first.items():
        for more, other in second.items():
            common = mask & other
            if common.any():
                both[errors + more] = both.get(errors + more, False) | common
    return both


def _places(name: str) -> Iterator[tuple[int, str]]:
    """Byte offsets of a folded name's words."""
    place = 0
    for word in name.split():
        yield place, word
        place += len(word.encode()) + 1


def _cut(folded: str) -> str:
    return folded.encode()[:QUERY_BYTES].decode(errors="ignore")
