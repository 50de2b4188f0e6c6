"""Yahoo through yfinance, played here: what we make of its answers and its errors."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from pricefeed.sources import yahoo
from pricefeed.sources.base import SourceError
from pricefeed.sources.yahoo import YahooClient
from pricefeed.ticks import Tick

AT = datetime(2026, 3, 2, 16, tzinfo=UTC)
SAID = {
    "regularMarketPrice": 187.32,
    "regularMarketTime": int(AT.timestamp()),
    "chartPreviousClose": 182.82,
}


class MissingError(Exception):
    pass


class RateLimitError(Exception):
    pass


class PlayedYfinance:
    exceptions = SimpleNamespace(YFTickerMissingError=MissingError, YFRateLimitError=RateLimitError)

    def __init__(self, **said: Any) -> None:
        self.config = SimpleNamespace(debug=SimpleNamespace(hide_exceptions=True))
        self.said = {ticker.replace("_", "-"): answer for ticker, answer in said.items()}

    def Ticker(self, symbol: str) -> Any:  # noqa: N802  it is theirs
        answer = self.said.get(symbol, MissingError())

        def history(**_: Any) -> None:
            if isinstance(answer, Exception):
                raise answer

        return SimpleNamespace(history=history, history_metadata=answer)


def test_it_is_told_not_to_hide_its_errors() -> None:
    played = PlayedYfinance()
    YahooClient(played)
    assert not played.config.debug.hide_exceptions


def quotes(*tickers: str, **said: Any) -> yahoo.VendorAnswer:
    return YahooClient(PlayedYfinance(**said)).quotes(tickers)


def test_a_price_comes_with_its_time_and_previous_close_and_share_classes_are_found() -> None:
    ticks, missing = quotes("BRK.B", BRK_B=SAID)
    assert ticks == [Tick("BRK.B", Decimal("187.32"), AT, Decimal("182.82"))]
    assert missing == []


def test_a_time_may_be_a_timestamp() -> None:
    assert quotes("A", A={**SAID, "regularMarketTime": AT}).ticks[0].at == AT


def test_what_it_does_not_know_is_missing_and_what_has_no_price_is_not() -> None:
    ticks, missing = quotes("A", "NOPE", "NEW", "NONE", A=SAID, NEW={"symbol": "NEW"}, NONE={})
    assert ([tick.ticker for tick in ticks], missing) == (["A"], ["NOPE", "NONE"])


@pytest.mark.parametrize("error", [RateLimitError(), TimeoutError(), KeyError("chart")])
def test_its_errors_are_trouble_that_may_pass(error: Exception) -> None:
    with pytest.raises(SourceError) as raised:
        quotes("A", A=error)
    assert raised.value.retryable


def test_without_yfinance_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(yahoo, "import_module", missing)
    with pytest.raises(SourceError, match=r"requirements-yahoo\.txt") as raised:
        YahooClient.from_settings()
    assert not raised.value.retryable
