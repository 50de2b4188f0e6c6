"""What people type, and what they mean by it: ranking over the real universe."""

import pytest

from securities.catalogue import us_securities
from securities.search.folding import fold
from securities.search.index import Row, SearchIndex

EXTRA = [("NESN", "Nestlé S.A."), ("LODZ", "Łódź Ørsted Straße"), ("SIM07", "Simulated 07")]
TICKERS = [entry.ticker for entry in us_securities()] + [ticker for ticker, _ in EXTRA]
NAMES = [entry.name for entry in us_securities()] + [name for _, name in EXTRA]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    rows = zip(range(len(TICKERS)), TICKERS, NAMES, strict=True)
    return SearchIndex(Row(*row) for row in rows)


def tickers(index: SearchIndex, query: str, limit: int = 20) -> list[str]:
    return [TICKERS[pk] for pk in index.search(query, limit)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        # the exact ticker
        ("AAPL", "AAPL"),
        ("aapl", "AAPL"),
        ("t", "T"),
        ("meta", "META"),
        # share classes in any spelling
        ("BRK.B", "BRK.B"),
        ("brk b", "BRK.B"),
        ("brkb", "BRK.B"),
        ("brk-b", "BRK.B"),
        ("bf/b", "BF.B"),
        # names
        ("apple", "AAPL"),
        ("appl", "AAPL"),  # not AppLovin: "Inc" makes Apple's name no longer
        ("microsoft", "MSFT"),
        ("micros", "MSFT"),
        ("ford", "F"),
        ("3m", "MMM"),
        ("mcdonalds", "MCD"),
        ("mcdonald's", "MCD"),
        ("lowes", "LOW"),
        ("hathaway", "BRK.B"),
        # accents
        ("nestle", "NESN"),
        ("NESTLÉ", "NESN"),
        ("estee lauder", "EL"),
        ("lodz", "LODZ"),
        ("orsted", "LODZ"),
        ("strasse", "LODZ"),
        # words in any order, together and apart
        ("chase jp", "JPM"),
        ("jp morgan", "JPM"),
        ("exxon mobil", "XOM"),
        ("coca cola", "KO"),
        ("cocacola", "KO"),
        ("the coca-cola company", "KO"),
        ("at&t", "T"),
        ("att", "T"),
        ("johnson & johnson", "JNJ"),
        ("johnson and johnson", "JNJ"),
        # typing errors
        ("microsft", "MSFT"),
        ("mircosoft", "MSFT"),
        ("nvdia", "NVDA"),
        ("tesal", "TSLA"),
        ("mcdonlds", "MCD"),
        ("berkshire hathway", "BRK.B"),
        ("hathway", "BRK.B"),
        ("jpmorgn chse", "JPM"),
        # the whole of what one might paste
        ("  Apple   Inc. ", "AAPL"),
    ],
)
def test_the_first_hit_is_what_was_meant(index: SearchIndex, query: str, first: str) -> None:
    found = tickers(index, query)
    assert found[:1] == [first]


def test_a_typing_error_finds_all_share_classes(index: SearchIndex) -> None:
    assert set(tickers(index, "alphabt")[:2]) == {"GOOG", "GOOGL"}


@pytest.mark.parametrize(
    ("brand", "found"),
    [("google", {"GOOG", "GOOGL"}), ("facebook", {"META"}), ("Googel", {"GOOG", "GOOGL"})],
)
def test_a_company_is_found_by_the_brand_people_know(
    index: SearchIndex, brand: str, found: set[str]
) -> None:
    assert set(tickers(index, brand)) == found


def test_tickers_come_before_names(index: SearchIndex) -> None:
    found = tickers(index, "co", 100)
    names = dict(zip(TICKERS, NAMES, strict=True))
    begins = [fold(ticker).replace(" ", "").startswith("co") for ticker in found]
    assert begins == sorted(begins, reverse=True)
    assert begins[0]
    assert all(" co" in f" {fold(names[ticker])}" for ticker in found[begins.count(True) :])


def test_the_shortest_ticker_that_begins_so_comes_first(index: SearchIndex) -> None:
    found = tickers(index, "a", 100)
    lengths = [len(ticker) for ticker in found]
    assert found[0] == "A"
    assert lengths == sorted(lengths)


def test_a_whole_word_comes_before_a_longer_one() -> None:
    index = SearchIndex([Row(1, "AAA", "Fordham"), Row(2, "BBB", "Ford Motor Company of Canada")])
    assert index.search("ford", 5) == [2, 1]


def test_the_beginning_of_a_name_comes_before_a_later_word() -> None:
    index = SearchIndex([Row(1, "AAA", "Dow General"), Row(2, "BBB", "Generally Electric Works")])
    assert index.search("general", 5) == [2, 1]


def test_a_word_by_prefix_comes_before_anywhere() -> None:
    index = SearchIndex([Row(1, "AAA", "Microsoft"), Row(2, "BBB", "A Very Long Name of Softbank")])
    assert index.search("soft", 5) == [2, 1]


def test_anywhere_comes_before_typing_errors() -> None:
    index = SearchIndex([Row(1, "AAA", "Mapel"), Row(2, "BBB", "Big Amapleb Holding")])
    assert index.search("maple", 5) == [2]
    assert index.search("mpel", 5) == [1]
    assert SearchIndex([Row(1, "A", "Maplex"), Row(2, "B", "Amaple")]).search("maple", 5) == [1, 2]


def test_one_error_comes_before_two() -> None:
    index = SearchIndex([Row(1, "AAA", "Alphas"), Row(2, "BBB", "Alphabet Holdings")])
    assert index.search("alphabt", 5) == [2, 1]


def test_typing_errors_do_not_dilute_what_was_found(index: SearchIndex) -> None:
    assert tickers(index, "microsoft") == ["MSFT"]


def test_three_letters_are_no_typing_error(index: SearchIndex) -> None:
    assert SearchIndex([Row(1, "AAA", "Cat")]).search("bat", 5) == []


@pytest.mark.parametrize(
    "query",
    [
        *("...", "&", "-", "\0", "\U0001f600", "\u202e", "''", "\ud800", "%", "_", "\\", "\n\t"),
        *("'; DROP TABLE x;--", "\ufdfa" * 100, "x" * 100, "é" * 100, "株式会社", "a " * 50, "İ"),
    ],
)
def test_nothing_that_can_be_typed_breaks_it(index: SearchIndex, query: str) -> None:
    assert isinstance(index.search(query, 100), list)


def test_punctuation_alone_finds_nothing(index: SearchIndex) -> None:
    assert tickers(index, "...") == []


def test_nothing_typed_gives_the_first_by_ticker(index: SearchIndex) -> None:
    assert tickers(index, "", 10) == sorted(TICKERS)[:10]
    assert tickers(index, "  ", 1) == sorted(TICKERS)[:1]


def test_a_name_in_another_script_is_found() -> None:
    index = SearchIndex([Row(1, "TM", "トヨタ自動車"), Row(2, "X", "U.S. Steel")])
    assert index.search("トヨタ", 5) == [1]
    assert index.search("自動", 5) == [1]


@pytest.mark.parametrize("limit", [1, 2, 20, 100])
def test_no_one_comes_twice_and_never_more_than_the_limit(index: SearchIndex, limit: int) -> None:
    for query in ("a", "co", "inc", "bank", "holdings inc", "firs", "americn"):
        found = tickers(index, query, limit)
        assert len(found) == len(set(found)) <= limit
        assert found == tickers(index, query, 100)[:limit]


def test_an_empty_catalogue_finds_nothing() -> None:
    index = SearchIndex([])
    assert [index.search(query, 5) for query in ("", "a", "brk b", "microsft")] == [[]] * 4


def test_a_ticker_longer_than_all_others_is_found_and_no_longer_query_is() -> None:
    index = SearchIndex([Row(1, "SHORT", "One"), Row(2, "LONGEST.TICKER", "Two")])
    assert index.search("longest.ticker", 5) == [2]
    assert index.search("longesttickerx", 5) == []
