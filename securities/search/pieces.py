"""Finds any part of a text by the pieces of three bytes it is made of."""

from bisect import bisect_left, bisect_right

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint32]

QUERY_BYTES = 64
"""A folded query is cut to this length: no name needs more to be told from the others."""

PIECE = 3
"""Bytes."""


class Sections:
    """Which of many sorted texts begin with the same three bytes."""

    def __init__(self, text: npt.NDArray[np.uint8], places: Numbers) -> None:
        """Of a text with QUERY_BYTES of padding, from each of these places on."""
        codes = np.zeros(len(places), dtype=np.uint32)
        for at in range(PIECE):
            codes = codes << np.uint32(8) | text[places + at]
        changes = np.flatnonzero(np.diff(codes, prepend=np.uint32(0xFFFFFFFF)))
        self._codes: list[int] = codes[changes].tolist()
        self._bounds: list[int] = [*changes.tolist(), len(codes)]

    def find(self, prefix: bytes) -> tuple[int, int]:
        """The first that begins with as much of the prefix as fits, and the one after the last."""
        piece = prefix[:PIECE]
        low = bisect_left(self._codes, int.from_bytes(piece.ljust(PIECE, b"\x00")))
        high = bisect_right(self._codes, int.from_bytes(piece.ljust(PIECE, b"\xff")), lo=low)
        return self._bounds[low], self._bounds[high]


class Pieces:
    """Every place in a text, sorted by the three bytes there."""

    def __init__(self, text: bytes) -> None:
        self._text = np.frombuffer(text + bytes(QUERY_BYTES), dtype=np.uint8)
        first, second, third = (self._text[at : at + len(text)] for at in range(PIECE))
        # By 8 and 16 bits numpy sorts by counting, and lets other threads run meanwhile.
        places = np.lexsort((third, first.astype(np.uint16) << np.uint16(8) | second))
        self._places = places.astype(np.uint32)
        self._sections = Sections(self._text, self._places)

    def find(self, phrase: bytes) -> Numbers:
        """All places of the phrase, which has 1 to QUERY_BYTES bytes, in order."""
        if len(phrase) < PIECE:
            low, high = self._sections.find(phrase)
            return np.sort(self._places[low:high])  # it stands in several sections
        last = len(phrase) - PIECE
        sections = [(*self._sections.find(phrase[at:]), at) for at in range(last + 1)]
        low, high, rarest = min(sections, key=lambda section: section[1] - section[0])
        begins = self._places[low:high]
        begins = begins[begins >= rarest] - np.uint32(rarest)
        for at in (*range(rarest), *range(rarest + PIECE, len(phrase))):
            if not len(begins):
                break
            begins = begins[self._text[begins + np.uint32(at)] == phrase[at]]
        return begins
