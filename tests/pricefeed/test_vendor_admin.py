"""Securities that the vendor does not know, where staff can do something about it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from pricefeed.sources import vendor
from pricefeed.sources.missing import Missing
from securities.models import Security
from securities.redis_client import redis_client
from tests.conftest import MakeSecurity

LIST = reverse("admin:securities_security_changelist")
TITLE = "the vendor of prices"


@pytest.fixture
def desk(client: Client, staff: User, settings: Any, security: MakeSecurity) -> Client:
    """Staff, with a vendor and three securities."""
    settings.PRICE_SOURCE = "alpaca"
    client.force_login(staff)
    for ticker in ("AAPL", "GONE", "SIM00"):
        security(ticker)
    return client


@pytest.fixture(autouse=True)
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Missing]:
    """What Alpaca does not know."""
    monkeypatch.setattr(vendor, "KEY", f"test-{time.monotonic_ns()}:vendor")
    key, redis = f"{vendor.KEY}:alpaca:missing", redis_client()
    yield Missing(redis, key=key)
    redis.delete(key)


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(LIST + query)
    assert response.status_code == 200
    return [each.ticker for each in response.context["cl"].result_list]


def test_staff_see_how_many_the_vendor_does_not_know_and_which(
    desk: Client, missing: Missing
) -> None:
    missing.note(asked=["AAPL", "GONE", "SIM00"], missing=["GONE", "SIM00"], now_ms=1)
    assert "Does not know it (2)" in desk.get(LIST).content.decode()
    assert sorted(listed(desk, "?vendor=unknown")) == ["GONE", "SIM00"]
    assert len(listed(desk)) == 3
    missing.note(asked=["GONE"], missing=[], now_ms=2)
    assert listed(desk, "?vendor=unknown") == ["SIM00"]


def test_where_all_is_known_there_is_nothing_to_choose(desk: Client) -> None:
    assert TITLE not in desk.get(LIST).content.decode()
    assert listed(desk, "?vendor=unknown") == []


def test_without_a_vendor_nobody_is_asked(
    desk: Client, missing: Missing, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing.note(asked=["GONE"], missing=["GONE"], now_ms=1)
    settings.PRICE_SOURCE = "simulated"
    assert TITLE not in desk.get(LIST).content.decode()


def test_without_redis_the_page_is_there_without_the_filter(
    desk: Client, missing: Missing, settings: Any
) -> None:
    missing.note(asked=["GONE"], missing=["GONE"], now_ms=1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert len(listed(desk)) == 3
    assert TITLE not in desk.get(LIST).content.decode()


def test_what_is_unknown_can_be_deactivated_there(desk: Client, missing: Missing) -> None:
    missing.note(asked=["GONE"], missing=["GONE"], now_ms=1)
    chosen = Security.objects.get(ticker="GONE").pk
    desk.post(f"{LIST}?vendor=unknown", {"action": "deactivate", "_selected_action": [chosen]})
    assert not Security.objects.get(ticker="GONE").is_active
    assert Security.objects.filter(is_active=True).count() == 2
