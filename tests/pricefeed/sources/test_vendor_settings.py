"""From PRICE_SOURCE to a vendor that is asked as the settings say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from pricefeed.sources.base import SourceError
from pricefeed.sources.registry import configured_source
from pricefeed.ticks import Instrument
from tests.pricefeed.sources.conftest import PlayedVendor, says

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
SNAPSHOT = {"latestTrade": {"t": "2026-03-02T14:59:58Z", "p": 187.32}}


@pytest.fixture(autouse=True)
def alpaca(settings: Any, played: PlayedVendor, redis: Redis) -> Iterator[None]:
    settings.PRICE_SOURCE, settings.ALPACA_URL, settings.ALPACA_FEED = "alpaca", played.url, "sip"
    settings.ALPACA_KEY_ID, settings.ALPACA_SECRET_KEY = "key", "s3cret"
    settings.VENDOR_TICKERS_PER_REQUEST, settings.VENDOR_REQUESTS_PER_MINUTE = 1, 6000
    configured_source.cache_clear()
    yield
    configured_source.cache_clear()


def test_alpaca_is_asked_as_the_settings_say(played: PlayedVendor) -> None:
    played.will(says({"AAPL": SNAPSHOT}), says({"BRK.B": SNAPSHOT}))
    told = [Instrument(ticker, None, None, None, 1) for ticker in ("AAPL", "BRK.B")]
    ticks = configured_source().fetch(told, now=NOW)
    assert [tick.ticker for tick in ticks] == ["AAPL", "BRK.B"]
    assert [(each["symbols"], each["feed"]) for each in played.asked] == [
        ("AAPL", "sip"),
        ("BRK.B", "sip"),
    ]
    assert played.headers[0]["apca-api-secret-key"] == "s3cret"


def test_too_often_is_heard_by_all_workers(played: PlayedVendor) -> None:
    played.will(says({}, status=429, Retry_After="60"), says({"AAPL": SNAPSHOT}))
    told = [Instrument("AAPL", None, None, None, 1)]
    for _ in range(3):
        assert configured_source().fetch(told, now=NOW) == []
        configured_source.cache_clear()  # as another process
    assert len(played.asked) == 1


def test_without_keys_one_sentence_says_what_is_missing(settings: Any) -> None:
    settings.ALPACA_SECRET_KEY = ""
    with pytest.raises(SourceError, match="ALPACA_SECRET_KEY"):
        configured_source()
