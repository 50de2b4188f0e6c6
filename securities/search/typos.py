"""Words within a typing error or two of each other."""

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

_MOST_WORDS = 50
_LONG_WORD = 5


class Vocabulary:
    """The distinct words of all names."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)

    def near(self, word: str) -> list[tuple[str, int]]:
        """Words with 1 or 2 letters changed (1 if it is short), and in how many; nearest first."""
        cutoff = 2 if len(word) >= _LONG_WORD else 1
        found = process.extract(
            word,
            self._words,
            scorer=Levenshtein.distance,
            score_cutoff=cutoff,
            limit=_MOST_WORDS,
        )
        return [(similar, int(errors)) for similar, errors, _ in found if errors]
