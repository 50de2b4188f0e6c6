"""`GET market`: public, true for the source of prices in use."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from tests.conftest import Api


def test_simulated_prices_have_no_hours(api: Api, settings: Any) -> None:
    settings.PRICE_SOURCE = "simulated"
    assert api().get("/api/v1/market").json() == {"state": "always", "until": None}


def test_a_vendors_prices_have_those_of_the_exchange(
    api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PRICE_SOURCE = "alpaca"
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 2, 15, tzinfo=UTC))
    closes = datetime(2026, 3, 2, 21, tzinfo=UTC)
    answer = api().get("/api/v1/market/")
    assert answer.json() == {"state": "open", "until": int(closes.timestamp()) * 1000}
