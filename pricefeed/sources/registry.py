"""Which source this process asks, by PRICE_SOURCE."""

from collections.abc import Callable
from functools import cache

from django.conf import settings

from pricefeed.sources.alpaca import AlpacaClient
from pricefeed.sources.base import Source
from pricefeed.sources.replay import ReplaySource
from pricefeed.sources.simulated import SimulatedSource
from pricefeed.sources.simulated_stream import StreamedSource
from pricefeed.sources.vendor import VendorSource
from pricefeed.sources.yahoo import YahooClient


def _simulated() -> Source:
    if settings.SIMULATED_TICKS_PER_SECOND:
        return StreamedSource()
    return SimulatedSource.from_settings()


SOURCES: dict[str, Callable[[], Source]] = {
    "simulated": _simulated,
    "replay": ReplaySource.from_settings,
    "yahoo": lambda: VendorSource.from_settings(YahooClient.from_settings(), tickers_per_request=1),
    "alpaca": lambda: VendorSource.from_settings(AlpacaClient.from_settings()),
}


@cache
def configured_source() -> Source:
    """The process's source, made on first use and kept, as it may hold state.

    Raises SourceError when its settings cannot work. Tests that change the
    settings call `configured_source.cache_clear()`.
    """
    return SOURCES[settings.PRICE_SOURCE]()
