"""What tests of pushed ticks share: streams of their own, recorders started by hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pricefeed import pushed, recorders
from pricefeed.models import Tick
from pricefeed.sources.pushed import streams as streams_module
from pricefeed.sources.pushed.streams import Streams, streams
from pricefeed.sources.pushed.tickers import KnownTickers
from securities.redis_client import redis_client

Push = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_streams(own_redis_names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "PREFIX", f"{own_redis_names}:{{ticks}}")
    monkeypatch.setattr(pushed, "_tickers", KnownTickers())


@pytest.fixture
def waiting() -> Streams:
    return streams()


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The partitions for which a recorder was asked; none comes by itself."""
    partitions: list[int] = []
    monkeypatch.setattr(recorders, "recorders_ask_for", partitions.extend)
    return partitions


def push(*ticks: Any, claim: str | None = None) -> Any:
    """`push(("AAPL", "10"), ("AAPL", "11", at))`, past the endpoint."""
    rows = [dict(zip(("ticker", "price", "at"), each, strict=False)) for each in ticks]
    return pushed.ticks_push(json.dumps(rows).encode(), claim=claim)


def record_all() -> int:
    """Run recorders until nothing waits; how many ticks they took."""
    taken = 0
    while partitions := list(streams().waiting()):
        for partition in partitions:
            taken += recorders.pushed_record(partition) or 0
    return taken


def stored(ticker: str) -> list[str]:
    """The prices of the history, in the order in which they were recorded."""
    rows = Tick.objects.filter(security__ticker=ticker).order_by("sequence")
    return [f"{row.price:f}" for row in rows]


def redis_loses_streams() -> None:
    """As a Redis that was started anew."""
    client: Any = redis_client()
    keys = client.keys(f"{streams_module.PREFIX}*")
    client.delete(*keys)
