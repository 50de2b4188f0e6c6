"""Entries of a catalogue, not yet in the database, and where the usual ones come from."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.conf import settings
from pytickersymbols import PyTickerSymbols

from securities import listings
from securities.tickers import canonical_ticker

NAME_LENGTH = 200
EXCHANGE_LENGTH = 40

_US_INDICES = ("S&P 500", "S&P 100", "NASDAQ 100", "DOW JONES", "S&P 600")
_US_EXCHANGES = ("NYSE", "NASDAQ")
_CURRENCY = re.compile(r"[A-Z]{3}")
# Unprintable characters; and what a spreadsheet would take for a formula in an export.
_BAD_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]|^[=+@\-]")
_TRADED_AS = re.compile(
    r"(NYSE American|NYSE|NASDAQ|CBOE)\s*:\s*([A-Z]+(?:[.-][A-Z])?)", re.IGNORECASE
)
# What encyclopaedias put behind a name to tell it from others; "(Class A)" stays.
_DISAMBIGUATION = re.compile(r"\s+\((?!Class )[^)]*\)$")


class CatalogueEntry(NamedTuple):
    """A security as a catalogue gives it. Make entries of foreign text with `entry`."""

    ticker: str
    name: str
    exchange: str
    currency: str


FIELDS = CatalogueEntry._fields[1:]
"""What an entry says about its ticker."""


class EntryError(ValueError):
    """Something in an entry cannot be; `field` names what."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def entry(*, ticker: str, name: str, exchange: str = "", currency: str = "USD") -> CatalogueEntry:
    """An entry of cleaned and checked text. Raises EntryError at the first fault."""
    canonical = canonical_ticker(ticker)
    if canonical is None:
        raise EntryError(
            "ticker",
            "A ticker has 1 to 24 letters, digits, dots, dashes or underscores "
            "and begins with a letter or digit.",
        )
    currency = currency.strip().upper() or "USD"
    if not _CURRENCY.fullmatch(currency):
        raise EntryError("currency", "A currency is three letters, as in USD.")
    name = _text("name", name, NAME_LENGTH)
    if not name:
        raise EntryError("name", "The name is missing.")
    return CatalogueEntry(canonical, name, _text("exchange", exchange, EXCHANGE_LENGTH), currency)


def default_catalogue() -> list[CatalogueEntry]:
    """US securities by ticker, then SIMULATED_TICKERS virtual ones. Offline."""
    return [*us_securities(), *simulated_securities(settings.SIMULATED_TICKERS)]


def us_securities() -> list[CatalogueEntry]:
    """The members of the US indices that pytickersymbols knows, each once, by ticker."""
    stocks: dict[str, list[dict[str, Any]]] = {}
    for stock in _index_members():
        ticker = canonical_ticker(stock.get("symbol") or "")
        if ticker and stock.get("name"):
            stocks.setdefault(ticker, []).append(stock)
    return [
        entry(ticker=ticker, name=_name(ticker, found), exchange=_exchange(ticker, found))
        for ticker, found in sorted(stocks.items())
    ]


def simulated_securities(count: int) -> list[CatalogueEntry]:
    """Virtual instruments SIM00, SIM01, …; the number is as wide as the last one needs, at least 2.

    For demos and load tests. A width of its own for each size keeps them in order.
    """
    width = max(2, len(str(count - 1)))
    return [
        CatalogueEntry(f"SIM{number:0{width}}", f"Simulated {number:0{width}}", "SIM", "USD")
        for number in range(count)
    ]


def _index_members() -> Iterator[dict[str, Any]]:
    symbols = PyTickerSymbols()
    for index in _US_INDICES:
        yield from symbols.get_stocks_by_index(index)


def _name(ticker: str, stocks: list[dict[str, Any]]) -> str:
    name = " ".join(stocks[0]["name"].split())
    return listings.NAMES.get(ticker) or _DISAMBIGUATION.sub("", name)


def _exchange(ticker: str, stocks: list[dict[str, Any]]) -> str:
    """By our own page, the listing's Google symbol ("NYSE:MMM"), or what the company states."""
    if by_hand := listings.EXCHANGES.get(ticker):
        return by_hand
    places = [*_google_listings(stocks), *_stated_listings(stocks)]
    return next((place for place, symbol in places if symbol == ticker), "")


def _google_listings(stocks: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    for stock in stocks:
        for symbol in stock.get("symbols", ()):
            place, _, ticker = (symbol.get("google") or "").partition(":")
            if place in _US_EXCHANGES and symbol.get("currency") == "USD":
                yield place, canonical_ticker(ticker)


def _stated_listings(stocks: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    for stock in stocks:
        stated = (stock.get("metadata") or {}).get("traded_as") or ""
        for place, ticker in _TRADED_AS.findall(stated):
            yield place.upper().replace("AMERICAN", "American"), canonical_ticker(ticker)


def _text(field: str, value: str, longest: int) -> str:
    text = value.strip()
    if _BAD_TEXT.search(text):
        raise EntryError(field, f"The {field} has characters that do not belong there.")
    if len(text) > longest:
        raise EntryError(field, f"The {field} may have at most {longest} characters.")
    return text
