"""Prices as text and the two changes derived from them. All arithmetic is Decimal."""

from decimal import ROUND_HALF_EVEN, Decimal

PRICE_DIGITS = 18
PRICE_DECIMALS = 6
MAX_PRICE = Decimal(10) ** (PRICE_DIGITS - PRICE_DECIMALS) - 1
SMALLEST_PRICE = Decimal(1).scaleb(-PRICE_DECIMALS)

_CENT = Decimal("0.01")


def price_text(price: Decimal) -> str:
    """A price as it goes over the wire: plain notation, at least two decimals, no idle zeros."""
    whole, _, decimals = format(price, "f").partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def abs_change(price: Decimal, previous_close: Decimal) -> Decimal:
    """Price less previous close, in the security's currency."""
    return price - previous_close


def pct_change(price: Decimal, previous_close: Decimal) -> Decimal:
    """The change as a percentage of the previous close, to two decimals, half to even."""
    change = (price - previous_close) * 100 / previous_close
    return change.quantize(_CENT, rounding=ROUND_HALF_EVEN) + 0  # -0.00 becomes 0.00
