"""Prices read as whole arrays are those that Decimal reads, to the millionth."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricefeed.sources.pushed import amounts as module
from pricefeed.sources.pushed.amounts import NO_PRICE, amounts
from securities.money import MAX_PRICE

MANY = 60  # more than are read one by one
assert MANY > module._FEW

plain = st.decimals(0, MAX_PRICE + 1, places=6, allow_nan=False).map(lambda d: f"{d:f}")
shortened = plain.map(lambda text: text.rstrip("0"))
any_decimal = st.decimals(allow_nan=True, allow_infinity=True).map(str)
few_characters = st.text('0123456789.eE+-_ "\\n', max_size=30)
as_text = st.one_of(plain, shortened, any_decimal, few_characters).map(json.dumps)
as_number = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)).map(
    json.dumps
)
others = st.sampled_from(["null", "true", "[1]", '{"a":1}', '""', '"."', "1.5E0", '"1e5"'])
value = st.one_of(plain, as_text, as_number, others).map(str.encode)


def read(values: list[bytes]) -> list[int]:
    return amounts([msgspec.Raw(each) for each in values]).tolist()


def one_by_one(values: list[bytes]) -> list[int]:
    return [module._amount(each) for each in values]


def is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@given(st.lists(value.filter(is_json), min_size=1, max_size=20))
def test_many_at_once_are_what_each_is_by_itself(values: list[bytes]) -> None:
    many = values + [b'"1.5"'] * MANY
    assert read(many) == one_by_one(many)


@pytest.mark.parametrize("times", [1, MANY])
@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ('"187.32"', 187_320_000),
        ("187.32", 187_320_000),
        ("187", 187_000_000),
        ('"0.000001"', 1),
        ('"999999999999"', 999_999_999_999_000_000),
        ('"999999999999.000001"', NO_PRICE),
        ('"1000000000000"', NO_PRICE),
        ('"0.0000001"', NO_PRICE),
        ('"1.0000000"', 1_000_000),
        ('"0"', NO_PRICE),
        ('"-1"', NO_PRICE),
        ('"1.2.3"', NO_PRICE),
        ('"."', NO_PRICE),
        ('""', NO_PRICE),
        ('"5."', 5_000_000),
        ('".5"', 500_000),
        ('"1E2"', 100_000_000),
        ("1e2", 100_000_000),
        ('"NaN"', NO_PRICE),
        ("null", NO_PRICE),
        ("[1]", NO_PRICE),
        ('"\\u0031"', 1_000_000),
        ('"1_000"', NO_PRICE),
        ('" 5 "', NO_PRICE),
        ('"5\\n"', NO_PRICE),
        ('"+5"', NO_PRICE),
        ('"\u0661\u0662"', NO_PRICE),
        ('"Infinity"', NO_PRICE),
        ('"' + "1" * 100 + '"', NO_PRICE),
        ('"' + "0" * 100 + '1"', 1_000_000),
        ('"1' + "0" * 30 + '"', NO_PRICE),
    ],
)
def test_a_price_is_exact_however_it_is_written(text: str, amount: int, times: int) -> None:
    assert read([text.encode()] * times) == [amount] * times


def test_an_enormous_exponent_is_not_computed() -> None:
    """`int(Decimal("1E+999990"))` alone would take half a minute."""
    assert read([b'"1E+999990"'] * MANY) == [NO_PRICE] * MANY


def test_the_largest_price_is_as_large_as_the_column() -> None:
    assert read([str(MAX_PRICE).encode()] * MANY)[0] == int(Decimal(MAX_PRICE) * 1_000_000)
