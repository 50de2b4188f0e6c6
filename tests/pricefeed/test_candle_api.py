"""`GET securities/{ticker}/history?interval=…`: candles of one security, from the newest days."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from pricefeed.recording.services import record
from pricefeed.selectors import newest_candles
from pricefeed.ticks import Tick
from securities.models import Security

Api = Callable[..., APIClient]

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
ADDRESS = "/api/v1/securities/AAPL/history"
MINUTES = {"1m": 1, "5m": 5, "1h": 60, "1d": 1440}


@pytest.fixture
def apple(security: Callable[..., Security]) -> Security:
    return security("AAPL")


def tick(price: str, *, minutes: float = 0, ticker: str = "AAPL") -> Tick:
    return Tick(ticker, Decimal(price), TODAY + timedelta(minutes=minutes), None)


@pytest.mark.parametrize("interval", MINUTES)
def test_a_candle_is_what_its_prices_came_to(api: Api, apple: Security, interval: str) -> None:
    record([tick("10"), tick("12.5", minutes=0.25), tick("9", minutes=0.5)])
    record([tick("11", minutes=0.75)])
    answer = api().get(f"{ADDRESS}?interval={interval}")
    assert answer.json() == [
        {
            "at": int(TODAY.timestamp() * 1000),
            "open": "10.00",
            "high": "12.50",
            "low": "9.00",
            "close": "11.00",
            "count": 4,
        }
    ]


@pytest.mark.parametrize("interval", MINUTES)
def test_the_newest_come_oldest_first(api: Api, apple: Security, interval: str) -> None:
    record([tick(str(10 - n), minutes=-n * MINUTES[interval]) for n in reversed(range(4))])
    found = api().get(f"{ADDRESS}?interval={interval}&limit=3").json()
    assert [candle["close"] for candle in found] == ["8.00", "9.00", "10.00"]
    width = MINUTES[interval] * 60_000
    assert [candle["at"] - found[0]["at"] for candle in found] == [0, width, 2 * width]


def test_where_there_was_no_price_there_is_no_candle(api: Api, apple: Security) -> None:
    assert api().get(f"{ADDRESS}?interval=1m").json() == []
    record([tick("10", minutes=-7), tick("11")])
    assert len(api().get(f"{ADDRESS}?interval=1m").json()) == 2


def test_other_securities_are_not_mixed_in(
    api: Api, apple: Security, security: Callable[..., Security]
) -> None:
    security("MSFT")
    record([tick("10"), tick("400", ticker="MSFT")])
    assert [candle["high"] for candle in api().get(f"{ADDRESS}?interval=1d").json()] == ["10.00"]


def test_an_inactive_security_keeps_its_candles(api: Api, apple: Security) -> None:
    record([tick("10")])
    Security.objects.update(is_active=False)
    assert len(api().get(f"{ADDRESS}?interval=1h").json()) == 1


@pytest.mark.parametrize("interval", MINUTES)
def test_candles_are_two_queries(
    api: Api, apple: Security, interval: str, django_assert_num_queries: Any
) -> None:
    record([tick(str(n + 1), minutes=-n) for n in reversed(range(50))])
    with django_assert_num_queries(2):  # the security; its candles
        api().get(f"{ADDRESS}?interval={interval}")


def test_only_the_newest_partitions_are_touched(
    apple: Security, security: Callable[..., Security]
) -> None:
    security("MSFT")
    for ticker in ("AAPL", "MSFT"):
        record(
            [
                tick(str(n + 1), minutes=-1440 * day + n, ticker=ticker)
                for day in reversed(range(4))
                for n in range(200)
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pricefeed_candle_1m")
        with CaptureQueriesContext(connection) as caught:
            found = newest_candles(security=apple, interval="1m", limit=250)
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) {caught[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    read = re.findall(r"Index.*? on (pricefeed_candle_1m_\d+).*\(actual rows=([\d.]+)", plan)
    days = [f"pricefeed_candle_1m_{TODAY - timedelta(days=n):%Y%m%d}" for n in range(2)]
    assert {table: float(rows) for table, rows in read} == {days[0]: 200, days[1]: 50}
    assert "Sort" not in plan
    assert len(found) == 250
