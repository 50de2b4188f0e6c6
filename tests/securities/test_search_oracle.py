"""The index against the same ranking, written as plainly as it can be said."""

import re

from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from securities.search.folding import fold, spellings
from securities.search.index import Row, SearchIndex


def errors_between(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, before = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
    return row[-1]


def telling(row: Row) -> int:
    """The length of the name, where "Inc", "Corp" and "S.A." at its end do not count."""
    return len(re.sub(r"( inc| corp| s a)+$", "", spellings(row.name)[0]))


def band(row: Row, words: list[str]) -> int | None:
    """0 to 8 as the index counts them; None: not found without typing errors."""
    name, besides = spellings(row.name)
    name_words = name.split()
    heads = ([name] if name else []) + [text for word, text in besides if not word]
    tails = [" ".join(name_words[at:]) for at in range(1, len(name_words))]
    tails += [text for word, text in besides if word]
    phrase, squeezed = " ".join(words), "".join(words)
    ticker = fold(row.ticker).replace(" ", "")
    longer = ticker.startswith(squeezed) and ticker != squeezed
    several = len(words) > 1
    claims = [
        ticker == squeezed,
        longer and (not several or fold(row.ticker).startswith(phrase)),
        any(f"{text} ".startswith(f"{phrase} ") for text in heads),
        any(text.startswith(phrase) for text in heads),
        any(f"{text} ".startswith(f"{phrase} ") for text in tails),
        any(text.startswith(phrase) for text in tails),
        several and all(any(t.startswith(word) for t in heads + tails) for word in words),
        several and any(text.startswith(squeezed) for text in heads + tails),
        any(phrase in text for text in [name, *(text for _, text in besides)]),
    ]
    return next((number for number, claim in enumerate(claims) if claim), None)


def errors_in(row: Row, words: list[str], most: int) -> int | None:
    """How many typing errors apart the name and the words are."""
    name, besides = spellings(row.name)
    name_words = name.split()
    starts = [" ".join(name_words[at:]) for at in range(len(name_words))]
    starts += [text for _, text in besides]
    wholes = set(name_words) | {text.split()[0] for text in starts}
    total = 0
    for word in words:
        allowed = min(most, 0 if len(word) < 4 else 1 if len(word) < 5 else 2)
        found = [0] if any(text.startswith(word) for text in starts) else []
        found += [n for w in wholes if 0 < (n := errors_between(word, w)) <= allowed]
        if not found:
            return None
        total += min(found)
    return total


def expected(rows: list[Row], query: str, limit: int) -> list[int]:
    if not query.strip():
        return [row.id for row in sorted(rows, key=lambda row: row.ticker)][:limit]
    words = fold(query).split()
    if not words:
        return []

    def rank(row: Row) -> tuple[int, int, str]:
        place = band(row, words)
        assert place is not None
        ticker = fold(row.ticker).replace(" ", "")
        return place, len(ticker) if place < 2 else telling(row), row.ticker

    found = sorted((row for row in rows if band(row, words) is not None), key=rank)
    if not any(0 < (band(row, words) or 0) < 8 for row in found):
        most = 1 if found else 2
        mistyped = [
            (errors, telling(row), row.ticker, row)
            for row in rows
            if row not in found and (errors := errors_in(row, words, most)) is not None
        ]
        found += [row for *_, row in sorted(mistyped, key=lambda found: found[:3])]
    return [row.id for row in found][:limit]


# Few letters, so that they meet; words long enough for typing errors.
LETTERS = "ab"
tickers = st.from_regex(r"[AB]{1,3}(\.[AB])?", fullmatch=True)
names = st.builds(
    "{}{}{}".format,
    st.sampled_from(("", "", "The ")),
    st.text(alphabet=LETTERS + " -&é'", max_size=14),
    st.sampled_from(("", "", " Inc.", " Corp", " Corp Inc", " S.A.")),
)
queries = st.one_of(
    st.text(alphabet=LETTERS + " .-&É'", max_size=9),
    st.text(alphabet=LETTERS + "c", min_size=4, max_size=7),
)


@given(
    st.lists(st.tuples(tickers, names), max_size=6, unique_by=lambda row: row[0]),
    queries,
    st.integers(1, 6),
)
@example([("A", "a-bba"), ("B", "bba&")], "b.ba", 2)  # one of a later word, one of the first
@settings(max_examples=600)
def test_the_index_ranks_as_the_plain_rules_say(
    given_rows: list[tuple[str, str]], query: str, limit: int
) -> None:
    rows = [Row(pk, ticker, name) for pk, (ticker, name) in enumerate(given_rows, 100)]
    note(f"{given_rows!r} {query!r} {limit}")
    assert SearchIndex(rows).search(query, limit) == expected(rows, query, limit)


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4))
@settings(max_examples=200)
def test_any_text_may_be_a_name_or_a_query(query: str, given_names: list[str]) -> None:
    rows = [Row(pk, f"T{pk}", name) for pk, name in enumerate(given_names)]
    found = SearchIndex(rows).search(query, 10)
    assert set(found) <= {row.id for row in rows}


@given(st.text(max_size=40))
@settings(max_examples=300)
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
