from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from securities import selectors
from securities.models import Security

Make = Callable[..., Security]


@pytest.mark.parametrize("spelling", ["BRK.B", "brk.b", "BRK-B", "brk b"])
def test_a_ticker_is_found_however_it_is_written(security: Make, spelling: str) -> None:
    berkshire = security("BRK.B")
    assert selectors.security_by_ticker(spelling) == berkshire


def test_a_security_comes_with_its_quote_in_one_query(
    security: Make, django_assert_num_queries: Any
) -> None:
    security("AAPL", price="187.32")
    with django_assert_num_queries(1):
        assert selectors.security_by_ticker("AAPL").quote.price == Decimal("187.32")


def test_an_inactive_security_is_known(security: Make) -> None:
    security("AAPL", is_active=False)
    assert selectors.security_by_ticker("AAPL").is_active is False


@pytest.mark.django_db
def test_an_unknown_ticker_is_said_to_be() -> None:
    with pytest.raises(selectors.SecurityUnknown) as unknown:
        selectors.security_by_ticker("NOPE")
    assert (unknown.value.status, unknown.value.code) == (404, "unknown_ticker")


@pytest.mark.parametrize("ticker", ["", "A" * 25, "A\0", "A B C", "\ud800"])
def test_what_cannot_be_a_ticker_is_unknown_without_a_query(
    ticker: str, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0), pytest.raises(selectors.SecurityUnknown):
        selectors.security_by_ticker(ticker)


def test_several_tickers_are_one_query_and_unknown_ones_are_left_out(
    security: Make, django_assert_num_queries: Any
) -> None:
    security("AAPL", price="1")
    security("BRK.B")
    with django_assert_num_queries(1):
        found = selectors.securities_by_tickers(["aapl", "brk-b", "NOPE", "a\0b"])
        assert sorted(found) == ["AAPL", "BRK.B"]
        assert found["AAPL"].quote.price == 1


def test_several_spellings_are_one_query_that_reads_no_price_and_stay_as_they_are(
    security: Make, django_assert_num_queries: Any
) -> None:
    security("AAPL", price="1", is_active=False)
    security("BRK.B")
    with django_assert_num_queries(1) as asked:
        found = selectors.securities_by_spelling(["aapl", " brk b", "BRK.B", "NOPE", "a\0b"])
    assert {text: each.ticker for text, each in found.items()} == {
        "aapl": "AAPL",
        " brk b": "BRK.B",
        "BRK.B": "BRK.B",
    }
    assert "securities_quote" not in asked[0]["sql"]


def test_the_active_among_tickers_are_one_query_that_reads_no_price(
    security: Make, django_assert_num_queries: Any
) -> None:
    for ticker in ("AAPL", "BRK.B", "IBM"):
        security(ticker, price="1", is_active=ticker != "IBM")
    with django_assert_num_queries(1) as asked:
        found = selectors.active_tickers_among(["aapl", "brk-b", "IBM", "NOPE", "a\0b"])
    assert found == {"AAPL", "BRK.B"}
    assert "securities_quote" not in asked[0]["sql"]


def test_active_tickers_are_sorted_and_only_active(security: Make) -> None:
    for ticker in ("MSFT", "AAPL", "IBM"):
        security(ticker, is_active=ticker != "IBM")
    assert selectors.active_tickers() == ["AAPL", "MSFT"]


def test_rows_come_in_the_order_of_their_ids_without_inactive_ones(
    security: Make, django_assert_num_queries: Any
) -> None:
    a, b, c = (security(ticker, price="1", is_active=ticker != "B") for ticker in "ABC")
    with django_assert_num_queries(1):
        rows = selectors.active_securities_in_order([c.pk, 0, b.pk, a.pk])
        assert [row.quote.price for row in rows] == [1, 1]
    assert rows == [c, a]
