import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from pricefeed.delivery import wire
from pricefeed.delivery.wire import WireQuote

MakeQuote = Callable[..., WireQuote]


def test_a_whole_quote_has_every_member_of_the_protocol() -> None:
    made = WireQuote.build(
        ticker="AAPL",
        name="Apple Inc.",
        currency="USD",
        price=Decimal("187.320000"),
        previous_close=Decimal("182.82"),
        updated_at=datetime(2026, 2, 2, 2, 20, 1, 123000, tzinfo=UTC),
        sequence=5117,
    )
    assert json.loads(made.full) == {
        "ticker": "AAPL",
        "name": "Apple Inc.",
        "currency": "USD",
        "price": "187.32",
        "previous_close": "182.82",
        "abs_change": "4.50",
        "pct_change": "2.46",
        "updated_at": 1769998801123,
        "sequence": 5117,
    }


def test_a_delta_leaves_out_what_seldom_changes(quote: MakeQuote) -> None:
    members = set(json.loads(quote().delta))
    assert members == {"ticker", "price", "abs_change", "pct_change", "updated_at", "sequence"}


def test_names_with_quotes_and_other_alphabets_survive(quote: MakeQuote) -> None:
    name = 'Ben & "Jerry" 東京\n\\'
    assert json.loads(quote(name=name).full)["name"] == name


def test_a_security_without_a_price_is_a_quote_of_nulls() -> None:
    made = json.loads(
        WireQuote.build(
            ticker="NEW",
            name="New",
            currency="USD",
            price=None,
            previous_close=None,
            updated_at=None,
            sequence=0,
        ).full
    )
    assert (made["price"], made["previous_close"], made["sequence"]) == (None, None, 0)


def test_a_fall_has_a_sign_and_prices_keep_small_decimals(quote: MakeQuote) -> None:
    made = json.loads(quote(price="0.1234", previous_close="0.2").full)
    assert (made["price"], made["abs_change"], made["pct_change"]) == (
        "0.1234",
        "-0.0766",
        "-38.30",
    )


def test_frames_are_json(quote: MakeQuote) -> None:
    full = quote().full
    assert json.loads(wire.snapshot_frame(7, [full, full]))["sequence"] == 7
    assert json.loads(wire.snapshot_frame(7, [], tickers=["A"]))["tickers"] == ["A"]
    assert json.loads(wire.prices_frame(8, full))["quotes"][0]["ticker"] == "AAPL"
    frame = wire.watchlist_frame(epoch="e", tickers=["AAPL"], added=[full], removed=['"'])
    edited = json.loads(frame)
    assert (edited["removed"], edited["epoch"]) == (['"'], "e")
