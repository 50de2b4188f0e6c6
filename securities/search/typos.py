"""Words within a typing error or two of each other."""

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

_MOST_WORDS = 20
_SHORTEST = 4
_SHORTEST_FOR_TWO = 5


class Vocabulary:
    """The distinct words of all names, by their length."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_length: dict[int, list[str]] = {}
        for word in words:
            self._by_length.setdefault(len(word), []).append(word)

    def near(self, word: str, most_errors: int) -> list[tuple[str, int]]:
        """The twenty nearest words with 1 to `most_errors` (2 at most) letters changed, and
        in how many; nearest first. Words of 4 letters may have one error, shorter ones none.
        """
        if len(word) < _SHORTEST_FOR_TWO:
            most_errors = min(most_errors, 1 if len(word) >= _SHORTEST else 0)
        if most_errors == 0:
            return []
        near: list[tuple[str, int]] = []
        for length in range(len(word) - most_errors, len(word) + most_errors + 1):
            near += self._of_length(length, word, most_errors)
        return sorted(near, key=lambda found: found[1])[:_MOST_WORDS]

    def _of_length(self, length: int, word: str, most_errors: int) -> list[tuple[str, int]]:
        found = process.extract(
            word,
            self._by_length.get(length, ()),
            scorer=Levenshtein.distance,
            score_cutoff=most_errors,
            limit=_MOST_WORDS,
        )
        return [(similar, int(errors)) for similar, errors, _ in found if errors]
