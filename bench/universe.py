"""A made-up universe of securities of any size, whose names read like real ones."""

import random
import string
from collections import defaultdict
from collections.abc import Iterable, Iterator

from securities.catalogue import CatalogueEntry, us_securities
from securities.search.folding import fold
from securities.search.index import Row

_LETTERS = string.ascii_uppercase


def universe(count: int) -> list[CatalogueEntry]:
    """The real ones first, then invented ones: a coined word, then words of real names."""
    real = us_securities()
    names = [entry.name for entry in real]
    coin = _coiner(names)
    later = [word for name in names for word in name.split()[1:]]
    tickers = {entry.ticker for entry in real}
    entries = real[:count]
    while len(entries) < count:
        ticker = "".join(random.choices(_LETTERS, k=random.choice((3, 4, 4, 4, 5))))
        if ticker in tickers:
            continue
        tickers.add(ticker)
        coined = [next(coin) for _ in range(random.choice((1, 1, 1, 2)))]
        name = " ".join([*coined, *random.choices(later, k=random.choice((0, 1, 1, 2, 3)))])
        entries.append(CatalogueEntry(ticker, name, random.choice(("NYSE", "NASDAQ")), "USD"))
    return entries


def queries(rows: Iterable[Row], count: int) -> dict[str, list[str]]:
    """What people type to find some of these, by kind."""
    picked = random.choices(list(rows), k=count)
    words = [random.choice(fold(row.name).split() or ["x"]) for row in picked]
    long_words = [word for word in words if len(word) >= 6]
    return {
        "exact ticker": [row.ticker for row in picked],
        "ticker prefix": [row.ticker[: random.choice((1, 2, 3))] for row in picked],
        "word prefix": [word[: random.randint(1, len(word))] for word in words],
        "two words": [" ".join(reversed(fold(row.name)[:14].split())) for row in picked],
        "anywhere": [word[random.randint(1, 2) :][:5] for word in long_words],
        "typing error": [_mistyped(word) for word in long_words],
        "nothing like it": ["".join(random.choices("qxzjkvw", k=7)) for _ in picked],
    }


def _coiner(names: list[str]) -> Iterator[str]:
    """Words no one has heard, of the letter pairs of real ones."""
    follows: dict[str, list[str]] = defaultdict(list)
    for name in names:
        word = "^" + fold(name.split()[0]) + "$"
        for at in range(len(word) - 2):
            follows[word[at : at + 2]].append(word[at + 2])
    starts = [key for key in follows if key[0] == "^"]
    while True:
        word = random.choice(starts)
        while word[-1] != "$" and len(word) < 12:
            word += random.choice(follows[word[-2:]])
        if len(word.strip("^$")) >= 4:
            yield word.strip("^$").capitalize()


def _mistyped(word: str) -> str:
    at = random.randrange(1, len(word) - 1)
    return random.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + random.choice(string.ascii_lowercase) + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + random.choice(string.ascii_lowercase) + word[at + 1 :],
        )
    )
