"""Yahoo Finance through yfinance, which reads what Yahoo's own pages read: no key, no promise."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any, Self

from pricefeed.sources.base import SourceError
from pricefeed.sources.vendor import VendorAnswer
from pricefeed.ticks import Tick

_TIMEOUT_SECONDS = 5


class YahooClient:
    """Asks for one ticker after another: Yahoo's charts have one each."""

    name = "yahoo"

    def __init__(self, yfinance: Any) -> None:
        self._yfinance = yfinance
        yfinance.config.debug.hide_exceptions = False  # or it logs them and gives nothing

    @classmethod
    def from_settings(cls) -> Self:
        """Raises SourceError without yfinance, which is an extra: it brings pandas."""
        try:
            return cls(import_module("yfinance"))
        except ImportError as error:
            raise SourceError(
                "PRICE_SOURCE is yahoo, but yfinance is not installed: "
                "pip install -r requirements-yahoo.txt.",
                retryable=False,
            ) from error

    def quotes(self, tickers: Sequence[str]) -> VendorAnswer:
        """The newest price of each of the day's regular trade. Raises SourceError."""
        answer = VendorAnswer([], [])
        for ticker in tickers:
            said = self._chart(ticker)
            if said is None:
                answer.missing.append(ticker)
            elif tick := _tick(ticker, said):
                answer.ticks.append(tick)
        return answer

    def _chart(self, ticker: str) -> dict[str, Any] | None:
        """What stands above a ticker's chart of the day; None where there is no such ticker."""
        errors = self._yfinance.exceptions
        try:
            chart = self._yfinance.Ticker(ticker.replace(".", "-"))
            chart.history(period="1d", interval="1d", timeout=_TIMEOUT_SECONDS)
            said: dict[str, Any] = chart.history_metadata
        except errors.YFTickerMissingError:
            return None
        except errors.YFRateLimitError as error:
            raise SourceError("Yahoo says that we ask too often.", retryable=True) from error
        except Exception as error:
            raise SourceError(
                f"Yahoo cannot be asked: {type(error).__name__}.", retryable=True
            ) from error
        return said or None


def _tick(ticker: str, said: dict[str, Any]) -> Tick | None:
    """Yahoo's numbers are floats; as text they are what its pages show."""
    price, close = (
        _decimal(said.get("regularMarketPrice")),
        _decimal(said.get("chartPreviousClose")),
    )
    at = said.get("regularMarketTime")
    if price is None or at is None:
        return None
    seconds = at.timestamp() if hasattr(at, "timestamp") else float(at)
    return Tick(ticker, price, datetime.fromtimestamp(seconds, UTC), close)


def _decimal(number: Any) -> Decimal | None:
    try:
        return None if number is None else Decimal(str(number))
    except InvalidOperation:
        return None
