import json
from collections.abc import Callable

from pricefeed.delivery.board import Board
from pricefeed.delivery.wire import WireQuote

MakeQuote = Callable[..., WireQuote]


def test_an_older_quote_never_replaces_a_newer_one(quote: MakeQuote) -> None:
    board = Board()
    places = board.hold(["AAPL"])
    board.put(quote("AAPL", 5, price="11"))
    board.put(quote("AAPL", 4, price="10"))
    board.put(quote("AAPL", 5, price="9"))
    assert json.loads(board.whole(places)[0])["price"] == "11.00"
    assert board.revision == 1


def test_of_quotes_that_arrive_together_the_newest_of_each_ticker_is_kept(
    quote: MakeQuote,
) -> None:
    board = Board()
    places = board.hold(["AAPL", "MSFT"])
    before = board.revision
    board.put(quote("AAPL", 5), quote("NOT HERE", 9), quote("MSFT", 7), quote("AAPL", 6))
    board.put(quote("AAPL", 6), quote("MSFT", 4))
    missed = [json.loads(text) for text in board.missed(places, before, full=False)]
    assert [(each["ticker"], each["sequence"]) for each in missed] == [("AAPL", 6), ("MSFT", 7)]
    assert board.missed(places, board.revision, full=False) == []
    assert board.revision == before + 1  # the second time there was nothing new


def test_a_quote_nobody_here_watches_is_not_kept(quote: MakeQuote) -> None:
    board = Board()
    board.put(quote("AAPL", 5))
    assert not board.has_changes
    assert board.whole(board.hold(["AAPL"])) == []


def test_the_first_quote_and_a_changed_identity_are_sent_whole(quote: MakeQuote) -> None:
    board = Board()
    (place,) = board.hold(["AAPL"])
    board.put(quote("AAPL", 1))
    assert "name" in json.loads(board.deltas[place][1:])
    board.flushed()
    board.put(quote("AAPL", 2))
    assert "name" not in json.loads(board.deltas[place][1:])
    board.flushed()
    board.put(quote("AAPL", 3, previous_close="12"))
    board.put(quote("AAPL", 4, previous_close="12"))
    assert json.loads(board.deltas[place][1:])["previous_close"] == "12.00"
    assert json.loads(board.deltas[place][1:])["sequence"] == 4


def test_a_flush_leaves_nothing_behind(quote: MakeQuote) -> None:
    board = Board()
    places = board.hold(["AAPL", "MSFT"])
    board.put(quote("MSFT", 1))
    board.flushed()
    assert [board.deltas[place] for place in places] == ["", ""]
    assert not board.has_changes


def test_what_was_missed_is_the_newest_of_each(quote: MakeQuote) -> None:
    board = Board()
    places = board.hold(["AAPL", "MSFT", "QUIET"])
    for ticker in ("AAPL", "MSFT", "QUIET"):
        board.put(quote(ticker, 1))
    revision = board.revision
    for sequence in range(2, 50):
        board.put(quote("AAPL", sequence))
        board.flushed()
    missed = [json.loads(text) for text in board.missed(places, revision, full=False)]
    assert [(each["ticker"], each["sequence"]) for each in missed] == [("AAPL", 49)]
    assert "name" not in missed[0]


def test_what_was_missed_tells_of_a_new_identity(quote: MakeQuote) -> None:
    board = Board()
    places = board.hold(["AAPL"])
    board.put(quote("AAPL", 1))
    revision = board.revision
    board.put(quote("AAPL", 2, name="Renamed"))
    board.put(quote("AAPL", 3, name="Renamed"))
    (missed,) = board.missed(places, revision, full=False)
    assert json.loads(missed)["name"] == "Renamed"


def test_a_place_is_given_to_another_ticker_only_when_unwatched(quote: MakeQuote) -> None:
    board = Board()
    first, second = board.hold(["AAPL"]), board.hold(["AAPL"])
    assert first == second
    board.release(first)
    board.drop(["AAPL"])
    assert board.unwatched() == []
    board.put(quote("AAPL", 1))
    board.release(second)
    assert board.unwatched() == ["AAPL"]
    board.drop(board.unwatched())
    assert board.hold(["MSFT"]) == first
    assert board.whole(first) == []
    assert not board.has_changes


def test_another_epoch_may_begin_with_lower_sequences(quote: MakeQuote) -> None:
    board = Board()
    places = board.hold(["AAPL"])
    board.put(quote("AAPL", 1000))
    board.forget_quotes()
    board.put(quote("AAPL", 1))
    assert json.loads(board.whole(places)[0])["sequence"] == 1


def test_a_ticker_that_was_left_and_came_back_is_news_to_who_could_not_read(
    quote: MakeQuote,
) -> None:
    board = Board()
    places = board.hold(["AAPL"])
    board.load(quote("AAPL", 1))
    told_at = board.revision
    board.release(places)
    board.drop(board.unwatched())
    places = board.hold(["AAPL"])
    board.load(quote("AAPL", 2))
    assert [json.loads(text)["sequence"] for text in board.missed(places, told_at, full=False)] == [
        2
    ]
    assert not board.has_changes


def test_what_a_list_is_called_is_another_with_each_change_of_it_and_of_no_price(
    quote: MakeQuote,
) -> None:
    board, another = Board(), Board()
    a, b = board.hold(["A", "B"])
    unknown = board.identity([a, b])
    board.load(quote("A", 1, price="10"))
    board.put(quote("B", 2, price="20"))
    named = board.identity([a, b])
    assert named not in {unknown, board.identity([a]), board.identity([b])}
    board.put(quote("A", 3, price="11"))
    assert board.identity([b, a]) == named
    places = another.hold(["B", "C", "A"])
    another.put(*(quote(ticker, 9) for ticker in "ABC"))
    assert another.identity([places[0], places[2]]) == named
    board.put(quote("A", 4, name="Renamed"))
    assert board.identity([a, b]) != named
    board.forget_quotes()
    assert board.identity([a, b]) == unknown
    board.put(quote("A", 1), quote("B", 1))
    assert board.identity([a, b]) == named
    board.release([b])
    board.drop(["B"])
    assert board.identity([a, b]) == board.identity([a])
