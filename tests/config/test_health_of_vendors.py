"""With a vendor: its trouble is said by name, and takes nothing of ours away."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from redis import Redis

from pricefeed import market as hours
from pricefeed.market import Market
from pricefeed.models import Feed
from pricefeed.sources import vendor
from pricefeed.sources.base import SourceError
from pricefeed.sources.missing import Missing
from pricefeed.sources.vendor_health import SharedVendorHealth, VendorHealth
from securities.redis_client import redis_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alpaca(settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.PRICE_SOURCE, settings.PRICE_STALE_SECONDS = "alpaca", 15
    monkeypatch.setattr(vendor, "KEY", f"test-{time.monotonic_ns()}:vendor")
    return f"{vendor.KEY}:alpaca"


@pytest.fixture(autouse=True)
def market(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """It is open, until `market("closed")`."""

    def is_now(state: str) -> None:
        for module in (vendor, hours):
            monkeypatch.setattr(module, "market_at", lambda now: Market(state, now))  # type: ignore[arg-type]

    is_now("open")
    return is_now


@pytest.fixture
def redis(alpaca: str) -> Iterator[Redis]:
    client = redis_client()
    yield client
    client.delete(f"{alpaca}:health", f"{alpaca}:missing")


@pytest.fixture
def has_run() -> Feed:
    feed, _ = Feed.objects.update_or_create(defaults={"run_at": timezone.now()})
    return feed


def ask() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/health/ready")
    return answer.status_code, answer.json()["checks"]


def test_without_any_price_it_is_ready_as_soon_as_prices_are_asked_for(has_run: Feed) -> None:
    status, checks = ask()
    assert (status, checks["prices"]["status"]) == (200, "ok")
    assert checks["source"] == {"status": "ok", "market": "open", "unknown_tickers": 0}


def test_a_feed_that_does_not_run_is_not_ready(
    has_run: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    Feed.objects.update(run_at=None)
    assert ask()[0] == 503
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    Feed.objects.update(run_at=now - timedelta(seconds=61))
    status, checks = ask()
    assert (status, checks["prices"]["reason"]) == (503, "prices were asked for 61 s ago")


def test_trouble_that_lasts_is_a_note_with_its_reason_unless_the_market_is_closed(
    has_run: Feed, redis: Redis, alpaca: str, market: Callable[[str], None]
) -> None:
    now_ms = int(time.time() * 1000)
    error = SourceError("Alpaca answers HTTP 500.", retryable=True)
    failed = VendorHealth(well_at=now_ms - 20_000).failed(error, now_ms=now_ms)
    SharedVendorHealth(redis, key=f"{alpaca}:health").save(failed)
    Missing(redis, key=f"{alpaca}:missing").note(asked=["NOPE"], missing=["NOPE"], now_ms=now_ms)
    status, checks = ask()
    assert status == 200
    assert checks["source"] == {
        "status": "delayed",
        "delayed_since": now_ms - 20_000,
        "reason": "Alpaca answers HTTP 500.",
        "market": "open",
        "unknown_tickers": 1,
    }
    market("closed")
    status, checks = ask()
    assert status == 200
    assert checks["source"] == {"status": "ok", "market": "closed", "unknown_tickers": 1}
