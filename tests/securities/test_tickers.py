import pytest

from securities.tickers import canonical_ticker


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
