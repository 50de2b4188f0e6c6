import pytest

from securities.tickers import MOST_ASKED_FOR, canonical_ticker, ticker_list


@pytest.mark.parametrize("spelling", ["BRK.B", "brk.b", "BRK-B", "BRK/B", "brk b", "  Brk-B "])
def test_a_share_class_has_one_form_however_it_is_written(spelling: str) -> None:
    assert canonical_ticker(spelling) == "BRK.B"


@pytest.mark.parametrize(
    ("text", "ticker"), [("aapl", "AAPL"), ("BTC-USD", "BTC-USD"), ("SIM_00", "SIM_00"), ("7", "7")]
)
def test_other_tickers_are_only_put_in_upper_case(text: str, ticker: str) -> None:
    assert canonical_ticker(text) == ticker


@pytest.mark.parametrize(
    "text",
    ["", " ", ".A", "-", "A" * 25, "A B C", "A\0", "Ä", "😀", "A/../B", "A\nB", "A:B", "\ud800"],
)
def test_what_could_not_stand_in_an_address_or_a_group_name_is_no_ticker(text: str) -> None:
    assert canonical_ticker(text) is None


def test_a_ticker_may_have_24_characters() -> None:
    assert canonical_ticker("a" * 24) == "A" * 24


def test_a_list_is_in_order_and_has_each_once_whatever_it_is() -> None:
    assert ticker_list("msft, brk-b,,BRK.B,a b c") == ["MSFT", "BRK.B", "a b c"]


@pytest.mark.parametrize("text", ["", " , ,", ",".join(["A"] * (MOST_ASKED_FOR + 1))])
def test_a_list_of_none_or_of_too_many_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="From 1 to 1,000 tickers"):
        ticker_list(text)
