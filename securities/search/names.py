"""All names in one byte string, and the starts of their words sorted by what follows."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint32]

QUERY_BYTES = 64
"""A folded query is cut to this length: no name needs more to be told from the others."""

# All of them sort below "!", and "!" below letters and digits.
_LINE, _TAIL, _HEAD, _SPACE = b"\n", b"\t", b"\v", b" "


def line_of(name: str, besides: Sequence[tuple[int, str]]) -> bytes:
    """A folded name and its other spellings as one line of the text; see folding.spellings."""
    parts = [name.encode()]
    for first_word, spelling in besides:
        parts += (_TAIL if first_word else _HEAD, spelling.encode())
    return b"".join((*parts, _LINE))


class Names:
    """Finds prefixes of words by bisection and anything else by one scan.

    Securities are known by the number of their line.
    """

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._text = b"".join(lines)
        self._starts = np.cumsum([0, *map(len, lines)], dtype=np.uint32)[:-1]
        heads, tails = self._word_starts()
        self.heads = WordStarts(self._text, heads, self._owners(heads))
        """Where names begin."""
        self.tails = WordStarts(self._text, tails, self._owners(tails))
        """Where the later words of names begin."""

    def scan(self, phrase: bytes, *, after: int = -1) -> int | None:
        """The first number above `after` whose name has the phrase anywhere."""
        if after + 1 >= len(self._starts):
            return None
        at = self._text.find(phrase, int(self._starts[after + 1]))
        return None if at < 0 else int(np.searchsorted(self._starts, at, side="right")) - 1

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

    def find(self, prefix: bytes) -> tuple[Numbers, Numbers]:
        """Who has this prefix as whole words, and who has it as the beginning of a longer word."""
        text, places, length = self._text, self._places, len(prefix)
        low = bisect_left(places, prefix, key=lambda at: text[at : at + length])
        high = bisect_right(places, prefix, lo=low, key=lambda at: text[at : at + length])
        # Behind a whole word stands a separator, which sorts below "!".
        middle = bisect_left(
            places, prefix + b"!", lo=low, hi=high, key=lambda at: text[at : at + length + 1]
        )
        return self._owners[low:middle], self._owners[middle:high]
