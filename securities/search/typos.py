"""Words within a typing error or two of each other."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

_MOST_WORDS = 20
_SHORTEST = 4
_SHORTEST_FOR_TWO = 5


class Vocabulary:
    """The distinct words of all names, by their length, and which letters are in each."""

    def __init__(self, words: Iterable[str]) -> None:
        unsorted = list(words)
        letters, lengths = _letters(unsorted)
        order = np.argsort(lengths, kind="stable")
        self._words = np.array(unsorted, dtype=np.object_)[order]
        self._letters, self._lengths = letters[order], lengths[order]

    def near(self, word: str, most_errors: int) -> list[tuple[str, int]]:
        """The twenty nearest words with 1 to `most_errors` (2 at most) letters changed, and
        in how many; nearest first. Words of 4 letters may have one error, shorter ones none.
        """
        if len(word) < _SHORTEST_FOR_TWO:
            most_errors = min(most_errors, 1 if len(word) >= _SHORTEST else 0)
        if most_errors == 0:
            return []
        found = process.extract(
            word,
            self._possible(word, most_errors),
            scorer=Levenshtein.distance,
            score_cutoff=most_errors,
            limit=_MOST_WORDS + 1,  # the word itself may be among them
        )
        return [(similar, int(errors)) for similar, errors, _ in found if errors][:_MOST_WORDS]

    def _possible(self, word: str, most_errors: int) -> list[str]:
        """Few words, and all that are so near among them: an error adds no more than one letter
        to those in a word, and takes no more than one away.
        """
        shortest, longest = len(word) - most_errors, len(word) + most_errors
        low, high = np.searchsorted(self._lengths, (shortest, longest + 1))
        wanted, present = _letters([word])[0][0], self._letters[low:high]
        added, lost = np.bitwise_count(present & ~wanted), np.bitwise_count(wanted & ~present)
        words: list[str] = self._words[low:high][np.maximum(added, lost) <= most_errors].tolist()
        return words


def _letters(words: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]:
    """A bit for each letter in a word, and the length of the word.

    Letters that share a bit only make words look nearer.
    """
    text = np.frombuffer("\n".join(("", *words)).encode("utf-32-le"), np.uint32)
    starts = np.flatnonzero(text == ord("\n"))
    bits = np.left_shift(np.uint64(1), (text % 64).astype(np.uint64))
    return np.bitwise_or.reduceat(bits, starts), np.diff(starts, append=len(text)) - 1
