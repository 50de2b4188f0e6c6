"""Tickers in their one canonical form.

Upper case; share classes are written with a dot: BRK-B, BRK/B and "brk b" are
all BRK.B. Only letters, digits, dot, dash and underscore: a ticker is part of
addresses and of group names on the channel layer, which allow no more.
"""

import re

TICKER_LENGTH = 24

_TICKER = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,23}")
_SHARE_CLASS = re.compile(r"([A-Z]{1,5})[-/ ]([A-Z])")


def canonical_ticker(text: str) -> str | None:
    """The canonical form, or None where this cannot be a ticker."""
    ticker = text.strip().upper()
    if share_class := _SHARE_CLASS.fullmatch(ticker):
        ticker = ".".join(share_class.groups())
    return ticker if _TICKER.fullmatch(ticker) else None
