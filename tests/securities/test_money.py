"""Prices and changes as they go over the wire."""

from decimal import Decimal

import pytest

from securities.money import abs_change, pct_change, price_text


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("187.32", "187.32"),
        ("187.300000", "187.30"),
        ("12", "12.00"),
        ("0.000001", "0.000001"),
        ("1E+3", "1000.00"),
        ("999999999999.999999", "999999999999.999999"),
    ],
)
def test_a_price_keeps_its_decimals_and_has_at_least_two(price: str, text: str) -> None:
    assert price_text(Decimal(price)) == text


@pytest.mark.parametrize(
    ("price", "previous_close", "absolute", "percent"),
    [
        ("187.32", "182.82", "4.50", "2.46"),
        ("99.999", "100", "-0.001", "0.00"),  # and never -0.00
        ("100", "100", "0", "0.00"),
        ("0.5", "1", "-0.5", "-50.00"),
        ("1.00125", "1", "0.00125", "0.12"),  # half to even
    ],
)
def test_changes_are_against_the_previous_close(
    price: str, previous_close: str, absolute: str, percent: str
) -> None:
    now, before = Decimal(price), Decimal(previous_close)
    assert abs_change(now, before) == Decimal(absolute)
    assert str(pct_change(now, before)) == percent
