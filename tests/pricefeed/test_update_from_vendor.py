"""A run of the feed with a vendor: who is asked for, and what clients hear of its trouble."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from pricefeed import services
from pricefeed.delivery import publish as publish_module
from pricefeed.delivery.messages import FeedMark
from pricefeed.market import Market
from pricefeed.models import Feed
from pricefeed.services import prices_update
from pricefeed.sources import vendor
from pricefeed.sources.base import SourceError
from pricefeed.sources.vendor import VendorAnswer, VendorSource
from pricefeed.ticks import Tick
from pricefeed.watched import Watched
from securities.models import Quote
from securities.redis_client import redis_client
from securities.times import milliseconds
from tests.conftest import MakeSecurity
from watchlists.services import watchlist_add_security

pytestmark = pytest.mark.django_db(transaction=True)


class Vendor:
    name = "scripted"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.is_away = False

    def quotes(self, tickers: Sequence[str]) -> VendorAnswer:
        self.asked.append(list(tickers))
        if self.is_away:
            raise SourceError("It is away.", retryable=True)
        at = timezone.now() - timedelta(seconds=1)
        return VendorAnswer([Tick(ticker, Decimal(10), at, Decimal(9)) for ticker in tickers], [])


@pytest.fixture
def client(own_redis_names: str, monkeypatch: pytest.MonkeyPatch, security: MakeSecurity) -> Vendor:
    Feed.objects.get_or_create()
    monkeypatch.setattr(vendor, "KEY", f"{own_redis_names}:vendor")
    monkeypatch.setattr(services, "_watched", Watched())
    monkeypatch.setattr(vendor, "market_at", lambda now: Market("open", now))
    for ticker in ("AAPL", "MSFT", "IDLE"):
        security(ticker)
    return Vendor()


@pytest.fixture
def source(client: Vendor) -> VendorSource:
    return VendorSource(
        client,
        redis=redis_client(),
        requests_per_minute=6000,
        tickers_per_request=100,
        period_seconds=5,
    )


def test_only_what_is_watched_is_asked_for_most_watched_first(
    client: Vendor, source: VendorSource, alice: User, bob: User
) -> None:
    for user, ticker in ((alice, "AAPL"), (alice, "MSFT"), (bob, "MSFT")):
        watchlist_add_security(user_id=user.pk, ticker=ticker)
    assert prices_update(source=source) == (2, 2)
    assert client.asked == [["MSFT", "AAPL"]]
    quotes = Quote.objects.filter(security__ticker__in=["AAPL", "MSFT"])
    assert {(quote.price, quote.previous_close) for quote in quotes} == {(10, 9)}


def test_a_vendor_in_trouble_does_not_stop_the_feed_and_is_said_with_its_mark(
    client: Vendor, source: VendorSource, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    watchlist_add_security(user_id=alice.pk, ticker="AAPL")
    sent: list[Any] = []
    monkeypatch.setattr(publish_module, "_send", sent.extend)
    now = timezone.now()
    prices_update(source=source, now=now)
    client.is_away = True
    for second in (5, 30):
        update = prices_update(source=source, now=now + timedelta(seconds=second))
        assert update == (0, 0)
    ends = [mark.delayed_since for _, mark in sent if isinstance(mark, FeedMark) and mark.done]
    assert ends == [None, None, milliseconds(now)]
