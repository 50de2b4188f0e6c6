"""What the index is made of, at sizes its oracle does not reach."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securities.search.index import Row, SearchIndex
from securities.search.pieces import QUERY_BYTES, Pieces
from securities.search.typos import Vocabulary
from tests.securities.test_search_oracle import errors_between

texts = st.text(alphabet="ab \né株", max_size=60)
phrases = st.text(alphabet="ab é株", min_size=1, max_size=6)


@given(texts, phrases)
def test_pieces_find_every_place_in_order(text: str, phrase: str) -> None:
    plain, wanted = text.encode(), phrase.encode()
    places = [at for at in range(len(plain)) if plain.startswith(wanted, at)]
    assert Pieces(plain).find(wanted).tolist() == places


@pytest.mark.parametrize("length", [3, QUERY_BYTES])
def test_a_phrase_may_be_all_of_the_text(length: int) -> None:
    text = b"a" * length
    assert Pieces(text).find(text).tolist() == [0]
    assert Pieces(text[:-1]).find(text).tolist() == []


@pytest.mark.parametrize("phrase", ["z", "zy", "zyx", "nzyx"])
def test_of_hundreds_that_have_it_anywhere_the_lowest_come_and_each_once(phrase: str) -> None:
    rows = [Row(pk, f"T{pk:03}", f"Banzyxanzyx{'s' * (pk % 7)}") for pk in range(700)]
    ranked = [row.id for row in sorted(rows, key=lambda row: (len(row.name), row.ticker))]
    index = SearchIndex(rows)
    assert index.search(phrase, 700) == ranked
    assert index.search(phrase, 20) == ranked[:20]


@given(
    st.lists(st.text(alphabet="abcé株", min_size=1, max_size=8), max_size=20, unique=True),
    st.text(alphabet="abcé株", min_size=1, max_size=8),
    st.integers(1, 2),
)
def test_the_vocabulary_overlooks_no_word(words: list[str], word: str, most: int) -> None:
    allowed = min(most, 0 if len(word) < 4 else 1 if len(word) < 5 else 2)
    near = {w: n for w in words if 0 < (n := errors_between(word, w)) <= allowed}
    assert dict(Vocabulary(words).near(word, most)) == near


def test_of_many_words_the_nearest_twenty_are_near_and_the_word_itself_takes_no_place() -> None:
    one_off = [f"{letter}lpha" for letter in "bcdefghijklmnopqrstuv"]
    two_off = [f"{letter}lph" for letter in "bcdefgh"]
    words = ["alpha", *two_off, *one_off[:20]]
    random.Random(1).shuffle(words)
    assert sorted(Vocabulary(words).near("alpha", 2)) == [(word, 1) for word in one_off[:20]]
