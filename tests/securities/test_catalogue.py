from collections import Counter
from typing import Any

import pytest

from securities import listings
from securities.catalogue import (
    EntryError,
    default_catalogue,
    entry,
    simulated_securities,
    us_securities,
)
from securities.models import Security


def test_the_universe_has_a_thousand_us_securities_each_once() -> None:
    universe = us_securities()
    assert len(universe) >= 1000
    assert max(Counter(security.ticker for security in universe).values()) == 1
    assert [security.ticker for security in universe] == sorted(s.ticker for s in universe)


def test_every_us_security_has_a_name_an_exchange_and_a_currency() -> None:
    exchanges = {"NYSE", "NASDAQ", "NYSE American", "CBOE"}
    bad = [s for s in us_securities() if s.exchange not in exchanges or s.currency != "USD"]
    assert bad == []


def test_every_us_security_is_what_an_entry_may_be() -> None:
    assert all(entry(**security._asdict()) == security for security in us_securities())


def test_every_us_security_fits_its_columns() -> None:
    for security in us_securities():
        Security(**security._asdict()).clean_fields()


def test_no_two_us_securities_have_the_same_name() -> None:
    names = Counter(security.name for security in us_securities())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    ("ticker", "name", "exchange"),
    [
        ("AAPL", "Apple Inc.", "NASDAQ"),
        ("MMM", "3M", "NYSE"),
        ("BRK.B", "Berkshire Hathaway", "NYSE"),
        ("BF.B", "Brown\u2013Forman", "NYSE"),
        ("KO", "The Coca-Cola Company", "NYSE"),
        ("MHK", "Mohawk Industries", "NYSE"),
        ("GOOG", "Alphabet Inc. (Google, Class C)", "NASDAQ"),
        ("WLY", "Wiley", "NYSE"),
        ("PTC", "PTC", "NASDAQ"),
        ("YELP", "Yelp", "NYSE"),
    ],
)
def test_what_the_package_has_wrong_or_in_pieces_is_put_right(
    ticker: str, name: str, exchange: str
) -> None:
    found = {security.ticker: security for security in us_securities()}[ticker]
    assert (found.name, found.exchange) == (name, exchange)


def test_listings_abroad_are_left_out() -> None:
    tickers = {security.ticker for security in us_securities()}
    assert not {"ALV.DE", "UCG.MI", "BARC.L", "ABLZF", "1U1"} & tickers


def test_what_is_put_right_by_hand_is_about_securities_that_exist() -> None:
    tickers = {security.ticker for security in us_securities()}
    assert set(listings.EXCHANGES) | set(listings.NAMES) <= tickers


@pytest.mark.parametrize(
    ("count", "first", "last"),
    [
        (1, "SIM00", "SIM00"),
        (50, "SIM00", "SIM49"),
        (100, "SIM00", "SIM99"),
        (101, "SIM000", "SIM100"),
        (5000, "SIM0000", "SIM4999"),
    ],
)
def test_virtual_instruments_count_up_in_as_many_digits_as_they_need(
    count: int, first: str, last: str
) -> None:
    made = simulated_securities(count)
    assert len(made) == count
    assert (made[0].ticker, made[-1].ticker) == (first, last)
    assert [m.ticker for m in made] == sorted(m.ticker for m in made)
    assert made[0].name == f"Simulated {first[3:]}"


def test_there_are_as_many_virtual_instruments_as_the_setting_says(settings: Any) -> None:
    settings.SIMULATED_TICKERS = 3
    added = [s.ticker for s in default_catalogue() if s.exchange == "SIM"]
    settings.SIMULATED_TICKERS = 0
    assert added == ["SIM00", "SIM01", "SIM02"]
    assert [s for s in default_catalogue() if s.exchange == "SIM"] == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("ticker", "A B C"),
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 201),
        ("name", "two\nlines"),
        ("name", "nul\0"),
        ("name", "=HYPERLINK(1)"),
        ("name", "@SUM(1)"),
        ("exchange", "x" * 41),
        ("exchange", "\t+1\x7f"),
        ("currency", "DOLLAR"),
        ("currency", "U$D"),
    ],
)
def test_an_entry_that_cannot_be_names_the_field(field: str, text: str) -> None:
    good = {"ticker": "ABC", "name": "Abc", "exchange": "NYSE", "currency": "USD"}
    with pytest.raises(EntryError) as refused:
        entry(**{**good, field: text})
    assert refused.value.field == field


def test_an_entry_is_trimmed_and_put_in_form() -> None:
    made = entry(ticker=" brk-b ", name=" Berkshire ", exchange=" NYSE ", currency=" usd ")
    assert made == ("BRK.B", "Berkshire", "NYSE", "USD")
