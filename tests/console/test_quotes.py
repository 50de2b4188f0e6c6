"""Frames merged over what was there before."""

from typing import Any

import pytest

from frontend.console.quotes import Change, Quotes


def whole(ticker: str, sequence: int, price: str | None = "10.00") -> dict[str, Any]:
    return {**short(ticker, sequence, price), "name": f"{ticker} Inc.", "currency": "USD"}


def short(ticker: str, sequence: int, price: str | None = "10.00") -> dict[str, Any]:
    return {"ticker": ticker, "sequence": sequence, "price": price}


def welcome(epoch: str) -> dict[str, Any]:
    return {"type": "welcome", "protocol": 1, "heartbeat": 25, "epoch": epoch}


def snapshot(sequence: int, *quotes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "snapshot", "sequence": sequence, "quotes": [*quotes], **more}


def prices(sequence: int, *quotes: dict[str, Any]) -> dict[str, Any]:
    return {"type": "prices", "sequence": sequence, "quotes": [*quotes]}


@pytest.fixture
def quotes() -> Quotes:
    made = Quotes()
    made.apply(welcome("one"))
    made.apply(snapshot(5, whole("A", 4), whole("B", 5)))
    return made


def applied(quotes: Quotes, frame: dict[str, Any]) -> Change:
    change = quotes.apply(frame)
    assert change is not None
    return change


def test_what_is_older_than_what_is_there_changes_nothing(quotes: Quotes) -> None:
    assert quotes.apply(prices(6, short("A", 3, "9.00"))) is None
    assert quotes.get("A").get("price") == "10.00"
    assert quotes.since == {"epoch": "one", "sequence": 6}


def test_a_short_quote_keeps_the_name_of_the_whole_one(quotes: Quotes) -> None:
    (quote,) = applied(quotes, prices(6, short("A", 6, "11.00"))).quotes
    assert quote == whole("A", 6, "11.00")


def test_it_resumes_from_the_frames_not_from_a_quote_that_is_ahead(quotes: Quotes) -> None:
    quotes.apply(prices(6, short("A", 9)))
    assert quotes.since == {"epoch": "one", "sequence": 6}


def test_another_epoch_counts_anew(quotes: Quotes) -> None:
    quotes.apply(welcome("two"))
    assert quotes.since == {"epoch": "two", "sequence": 0}
    assert quotes.tickers == ("A", "B")  # still shown
    change = applied(quotes, snapshot(1, whole("A", 1, "12.00")))
    assert [quote["price"] for quote in change.quotes] == ["12.00"]
    assert (change.tickers, change.removed) == (("A",), ("B",))


def test_the_same_epoch_resumes_with_the_newer_ones_alone(quotes: Quotes) -> None:
    quotes.apply(welcome("one"))
    change = applied(quotes, snapshot(7, whole("B", 7, "21.00"), tickers=["B", "A"]))
    assert [quote["ticker"] for quote in change.quotes] == ["B"]
    assert quotes.tickers == ("B", "A")
    assert quotes.get("A").get("price") == "10.00"


def test_resuming_to_nothing_new_is_no_change(quotes: Quotes) -> None:
    quotes.apply(welcome("one"))
    assert quotes.apply(snapshot(7, tickers=["A", "B"])) is None


def test_an_empty_list_is_news_once() -> None:
    quotes = Quotes()
    quotes.apply(welcome("one"))
    assert applied(quotes, snapshot(0)).tickers == ()
    assert quotes.apply(snapshot(0)) is None


def test_an_edit_names_the_list_to_resume_and_forgets_nothing(quotes: Quotes) -> None:
    edit = {
        "type": "watchlist",
        "epoch": "edited",
        "tickers": ["C", "A"],
        "added": [whole("C", 0, None)],
        "removed": ["B"],
    }
    change = applied(quotes, edit)
    assert (change.tickers, change.removed) == (("C", "A"), ("B",))
    assert quotes.since == {"epoch": "edited", "sequence": 5}


def test_frames_and_fields_nobody_knows_are_ignored(quotes: Quotes) -> None:
    assert quotes.apply({"type": "tomorrow"}) is None
    assert quotes.apply({"type": "heartbeat", "sequence": 99, "later": 1}) is None
    assert quotes.since == {"epoch": "one", "sequence": 5}
