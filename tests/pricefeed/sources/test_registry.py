from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from pricefeed.sources.base import SourceError
from pricefeed.sources.registry import configured_source
from pricefeed.sources.replay import ReplaySource
from pricefeed.sources.simulated import SimulatedSource

SAMPLE = Path(__file__).parent / "data" / "sample_ticks.csv"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    configured_source.cache_clear()
    yield
    configured_source.cache_clear()


def test_the_simulated_source_is_kept_for_the_process(settings: Settings) -> None:
    settings.PRICE_SOURCE, settings.SIMULATED_TICKERS = "simulated", 3
    source = configured_source()
    assert isinstance(source, SimulatedSource)
    assert configured_source() is source
    tickers = [entry.ticker for entry in source.catalogue()]
    assert tickers[-3:] == ["SIM00", "SIM01", "SIM02"]
    assert "AAPL" in tickers


def test_the_replay_source_plays_the_configured_file(settings: Settings) -> None:
    settings.PRICE_SOURCE, settings.REPLAY_FILE = "replay", SAMPLE
    assert isinstance(configured_source(), ReplaySource)


def test_replay_without_a_file_says_what_is_missing(settings: Settings) -> None:
    settings.PRICE_SOURCE, settings.REPLAY_FILE = "replay", None
    with pytest.raises(SourceError, match="REPLAY_FILE") as refused:
        configured_source()
    assert not refused.value.retryable
