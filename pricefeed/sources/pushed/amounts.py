"""Prices as they were sent, to whole millionths: many at once, column by column of their texts.

Nearly every price is some digits and a point, as text or as a number. Such are read as
whole arrays; whatever is written otherwise goes through Decimal, one by one, and comes to
the same. Nothing is ever a float.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, Inexact

import msgspec
import numpy as np
from numpy.typing import NDArray

from pricefeed.columns import HIGHEST, Column, is_in_range, millionths
from securities.money import PRICE_DECIMALS, PRICE_DIGITS

NO_PRICE = 0
"""In the place of what is not a price."""

_FEW = 50
"""One by one is as quick for so many."""

_WHOLE_DIGITS = PRICE_DIGITS - PRICE_DECIMALS
_WIDTH = PRICE_DIGITS + len('"."') + 1  # the last place tells that there would be more

_text = msgspec.json.Decoder(str).decode
_NO_DECIMAL = (msgspec.DecodeError, UnicodeDecodeError)


def amounts(prices: Sequence[msgspec.Raw]) -> Column:
    """Of JSON values; NO_PRICE for one that is none, out of range, or has too many decimals."""
    texts = list(map(bytes, prices))
    if len(texts) <= _FEW:
        return np.array([_amount(text) for text in texts], np.int64)
    found, is_plain = _plain(texts)
    for place in np.flatnonzero(~is_plain).tolist():
        found[place] = _amount(texts[place])
    return found


_DECIMAL = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""Python's Decimal reads more: blanks, underscores, a plus, digits of other scripts."""


def _amount(text: bytes) -> int:
    try:
        written = _text(text) if text.startswith(b'"') else text.decode()
        if not _DECIMAL.fullmatch(written):
            return NO_PRICE
        price = Decimal(written)
        return millionths(price) if is_in_range(price) else NO_PRICE
    except (*_NO_DECIMAL, Inexact):
        return NO_PRICE


def _plain(texts: Sequence[bytes]) -> tuple[Column, NDArray[np.bool_]]:
    """Those of digits and at most one point, quotes aside; and which ones are so."""
    rows = np.array(texts, f"S{_WIDTH}").view(np.uint8).reshape(len(texts), _WIDTH)
    width = int(np.flatnonzero(rows.any(axis=0))[-1]) + 1
    count = len(texts)
    found = np.zeros(count, np.int64)
    digits, decimals, points = (np.zeros(count, np.uint8) for _ in range(3))
    is_plain = rows[:, -1] == 0
    for place in np.ascontiguousarray(rows[:, :width].T):
        digit = place - np.uint8(ord("0"))  # wraps around: what comes before it is large
        is_digit, is_point = digit < 10, place == ord(".")
        found = np.where(is_digit, found * 10 + digit, found)
        digits += is_digit
        decimals += points * is_digit
        points += is_point
        is_plain &= is_digit | is_point | (place == ord('"')) | (place == 0)
    is_plain &= (digits > 0) & (points < 2) & (decimals <= PRICE_DECIMALS)
    is_plain &= digits - decimals <= _WHOLE_DIGITS
    scale = PRICE_DECIMALS - np.minimum(decimals, PRICE_DECIMALS).astype(np.int64)
    found *= 10**scale
    found[found > HIGHEST] = NO_PRICE
    return found, is_plain
