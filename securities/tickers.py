"""Tickers in their one canonical form.

Upper case; share classes are written with a dot: BRK-B, BRK/B and "brk b" are
all BRK.B. Only letters, digits, dot, dash and underscore: a ticker is part of
addresses and of group names on the channel layer, which allow no more.
"""

import re

TICKER_LENGTH = 24
MOST_ASKED_FOR = 1000
"""Tickers in one list that somebody asks for."""

_TICKER = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,23}")
_SHARE_CLASS = re.compile(r"([A-Z]{1,5})[-/ ]([A-Z])")


def canonical_ticker(text: str) -> str | None:
    """The canonical form, or None where this cannot be a ticker."""
    ticker = text.strip().upper()
    if share_class := _SHARE_CLASS.fullmatch(ticker):
        ticker = ".".join(share_class.groups())
    return ticker if _TICKER.fullmatch(ticker) else None


def canonical_or_same(text: str) -> str:
    """The canonical form; what cannot be a ticker stays as it is, and so unknown."""
    return canonical_ticker(text) or text


def ticker_list(text: str) -> list[str]:
    """The tickers with commas between, canonical, in order, each once; see `canonical_or_same`.

    Raises ValueError unless from 1 to MOST_ASKED_FOR are named.
    """
    words = [word for word in text.split(",") if word.strip()]
    if not 0 < len(words) <= MOST_ASKED_FOR:
        raise ValueError(f"From 1 to {MOST_ASKED_FOR:,} tickers.")
    return list(dict.fromkeys(map(canonical_or_same, words)))
