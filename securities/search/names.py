"""All names in one byte string: its pieces, and the starts of words sorted by what follows."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from securities.search.pieces import QUERY_BYTES, Numbers, Pieces, Sections

# All of them sort below "!", and "!" below letters and digits.
_LINE, _TAIL, _HEAD, _SPACE = b"\n", b"\t", b"\v", b" "
_ABOVE_ALL = b"\xff"
_AT_A_TIME = 200


def line_of(name: str, besides: Sequence[tuple[int, str]]) -> bytes:
    """A folded name and its other spellings as one line of the text; see folding.spellings."""
    parts = [name.encode()]
    for first_word, spelling in besides:
        parts += (_TAIL if first_word else _HEAD, spelling.encode())
    return b"".join((*parts, _LINE))


class Names:
    """Finds prefixes of words by bisection and anything else by its pieces.

    Securities are known by the number of their line.
    """

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._text = b"".join(lines)
        ends = np.flatnonzero(np.frombuffer(self._text, dtype=np.uint8) == ord(_LINE))
        self._starts = np.append(0, ends + 1)[:-1].astype(np.uint32)
        heads, tails = self._word_starts()
        self.heads = WordStarts(self._text, heads, self._owners(heads))
        """Where names begin."""
        self.tails = WordStarts(self._text, tails, self._owners(tails))
        """Where the later words of names begin."""
        self._pieces = Pieces(self._text)

    def having(self, phrase: bytes) -> Iterator[Numbers]:
        """Whose name has the phrase anywhere, lowest number first, some at a time."""
        places = self._pieces.find(phrase)
        for start in range(0, len(places), _AT_A_TIME):
            yield self._owners(places[start : start + _AT_A_TIME])

    def _word_starts(self) -> tuple[Numbers, Numbers]:
        text = np.frombuffer(self._text, dtype=np.uint8)
        ends = np.flatnonzero((text == ord(_LINE)) | (text == ord(_TAIL)) | (text == ord(_HEAD)))
        before = text[ends]
        spaces = np.flatnonzero(text == ord(_SPACE))
        # Only the words of the name itself: those of a spelling are the same ones again.
        segment = np.searchsorted(ends, spaces) - 1
        in_name = (segment < 0) | (before[segment] == ord(_LINE))
        named = text[self._starts] != ord(_LINE)
        heads = np.concatenate([self._starts[named], ends[before == ord(_HEAD)] + 1])
        tails = np.concatenate([spaces[in_name] + 1, ends[before == ord(_TAIL)] + 1])
        return heads.astype(np.uint32), tails.astype(np.uint32)

    def _owners(self, places: Numbers) -> Numbers:
        return (np.searchsorted(self._starts, places, side="right") - 1).astype(np.uint32)


class WordStarts:
    """Places in the text, sorted by the text from there on, each with its security."""

    def __init__(self, text: bytes, places: Numbers, owners: Numbers) -> None:
        padded = np.frombuffer(text + bytes(QUERY_BYTES), dtype=np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(padded, QUERY_BYTES)[places]
        # numpy lets other threads run while it sorts bytes.
        order = np.argsort(windows.view(f"S{QUERY_BYTES}").ravel(), kind="stable")
        self._text, self._places, self._owners = text, places[order], owners[order]
        self._sections = Sections(padded, self._places)

    def find(self, prefix: bytes) -> tuple[Numbers, Numbers]:
        """Who has this prefix as whole words, and who has it as the beginning of a longer word."""
        low, middle, end = self._whole_and_end(prefix)
        high = self._first(prefix + _ABOVE_ALL, middle, end)
        return self._owners[low:middle], self._owners[middle:high]

    def find_whole(self, words: bytes) -> Numbers:
        """The first half of `find`, for less."""
        low, middle, _ = self._whole_and_end(words)
        return self._owners[low:middle]

    def _whole_and_end(self, words: bytes) -> tuple[int, int, int]:
        """Where those with these as whole words begin and end, and where all others have ended."""
        low, end = self._sections.find(words)
        low = self._first(words, low, end)
        # Behind a whole word stands a separator, which sorts below "!".
        return low, self._first(words + b"!", low, end), end

    def _first(self, wanted: bytes, low: int, high: int) -> int:
        """The first from `low` on that does not sort before this."""
        text, length = self._text, len(wanted)
        return bisect_left(self._places, wanted, low, high, key=lambda at: text[at : at + length])
