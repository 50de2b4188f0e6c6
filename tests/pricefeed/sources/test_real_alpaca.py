"""The contract with the real Alpaca: runs only when asked, with keys of your own."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from pricefeed.sources.alpaca import AlpacaClient
from pricefeed.sources.base import SourceError

pytestmark = pytest.mark.skipif(
    os.environ.get("TEST_ALPACA") != "1",
    reason="asks a vendor on the internet: TEST_ALPACA=1 with ALPACA_KEY_ID and ALPACA_SECRET_KEY",
)
URL = "https://data.alpaca.markets"


def test_real_alpaca_knows_what_we_take_it_to_know() -> None:
    client = AlpacaClient(
        url=os.environ.get("ALPACA_URL", URL),
        feed=os.environ.get("ALPACA_FEED", "iex"),
        key_id=os.environ["ALPACA_KEY_ID"],
        secret_key=os.environ["ALPACA_SECRET_KEY"],
    )
    ticks, missing = client.quotes(["AAPL", "BRK.B", "MSFT", "ZZZZQX"])
    assert {tick.ticker for tick in ticks} == {"AAPL", "BRK.B", "MSFT"}
    assert missing == ["ZZZZQX"]
    now = datetime.now(UTC)
    for tick in ticks:
        assert now - timedelta(days=10) < tick.at < now + timedelta(seconds=5)
        assert tick.previous_close is not None
        assert abs(tick.price / tick.previous_close - 1) < 1


def test_real_alpaca_refuses_wrong_keys_as_we_take_it_to() -> None:
    client = AlpacaClient(url=URL, feed="iex", key_id="nobody", secret_key="nothing")
    with pytest.raises(SourceError) as refused:
        client.quotes(["AAPL"])
    assert not refused.value.retryable
