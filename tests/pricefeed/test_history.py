"""`GET securities/{ticker}/history`: the newest prices of one security, from the newest days."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from pricefeed.models import Tick
from pricefeed.partitions import ensure_partitions_of
from pricefeed.selectors import newest_ticks
from securities.models import Security

NOON = datetime(2031, 5, 17, 12, tzinfo=UTC)
ADDRESS = "/api/v1/securities/AAPL/history"


@pytest.fixture
def apple(security: Callable[..., Security]) -> Security:
    return security("AAPL")


@pytest.fixture(autouse=True)
def days(db: None) -> None:
    """Five days, ending with NOON's."""
    ensure_partitions_of({(NOON - timedelta(days=n)).date() for n in range(5)})


def record(security: Security, *prices: str, at: datetime = NOON, after: int = 0) -> None:
    """One tick a second, numbered from `after` + 1."""
    Tick.objects.bulk_create(
        Tick(
            security=security,
            at=at + timedelta(seconds=n),
            sequence=after + n + 1,
            price=Decimal(price),
        )
        for n, price in enumerate(prices)
    )


def prices(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [tick["price"] for tick in answer.json()]


@pytest.mark.parametrize("text", ["NOPE", "A%20B", "%E2%82%AC", "A" * 300])
def test_an_unknown_ticker_has_no_history(api: Callable[..., APIClient], text: str) -> None:
    answer = api().get(f"/api/v1/securities/{text}/history")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_ticker")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("interval=2m", "interval"),
        ("interval=", "interval"),
        ("interval=TICK", "interval"),
        ("interval=1M", "interval"),
    ],
)
def test_a_limit_or_interval_that_cannot_be_is_named(
    api: Callable[..., APIClient], apple: Security, query: str, field: str
) -> None:
    answer = api().get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["fields"]) == {field}


def test_a_security_without_prices_has_an_empty_history(
    api: Callable[..., APIClient], apple: Security
) -> None:
    assert prices(api().get(ADDRESS)) == []


def test_ticks_come_oldest_first_as_text_and_milliseconds(
    api: Callable[..., APIClient], apple: Security
) -> None:
    record(apple, "187.32", "187.400000", "0.1234")
    at = int(NOON.timestamp() * 1000)
    assert api().get(ADDRESS).json() == [
        {"at": at, "price": "187.32", "sequence": 1},
        {"at": at + 1000, "price": "187.40", "sequence": 2},
        {"at": at + 2000, "price": "0.1234", "sequence": 3},
    ]


def test_the_limit_keeps_the_newest(api: Callable[..., APIClient], apple: Security) -> None:
    record(apple, "1", "2", "3", "4")
    assert prices(api().get(f"{ADDRESS}?limit=2&interval=tick")) == ["3.00", "4.00"]


def test_without_a_limit_there_are_a_hundred_and_at_most_a_thousand(
    api: Callable[..., APIClient], apple: Security
) -> None:
    record(apple, *[str(n) for n in range(1, 1101)])
    assert len(prices(api().get(ADDRESS))) == 100
    newest = prices(api().get(f"{ADDRESS}?limit=1000"))
    assert (len(newest), newest[0], newest[-1]) == (1000, "101.00", "1100.00")


def test_ticks_of_one_moment_come_by_sequence(
    api: Callable[..., APIClient], apple: Security
) -> None:
    for number, price in ((2, "2"), (1, "1"), (3, "3")):
        record(apple, price, after=number - 1)
    assert prices(api().get(ADDRESS)) == ["1.00", "2.00", "3.00"]


def test_history_goes_on_over_midnight(api: Callable[..., APIClient], apple: Security) -> None:
    record(apple, "1", at=NOON - timedelta(days=1))
    record(apple, "2", "3", after=1)
    assert prices(api().get(ADDRESS)) == ["1.00", "2.00", "3.00"]
    assert prices(api().get(f"{ADDRESS}?limit=2")) == ["2.00", "3.00"]


def test_other_securities_are_not_mixed_in(
    api: Callable[..., APIClient], apple: Security, security: Callable[..., Security]
) -> None:
    record(security("MSFT"), "400")
    record(apple, "187.32", after=1)
    assert prices(api().get("/api/v1/securities/aapl/history/")) == ["187.32"]


def test_an_inactive_security_keeps_its_history(
    api: Callable[..., APIClient], apple: Security
) -> None:
    record(apple, "187.32")
    Security.objects.update(is_active=False)
    assert prices(api().get(ADDRESS)) == ["187.32"]


def test_it_is_public_and_a_bad_token_does_not_matter(
    api: Callable[..., APIClient], apple: Security
) -> None:
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert prices(client.get(ADDRESS)) == []


def test_nobody_may_keep_a_copy(api: Callable[..., APIClient], apple: Security) -> None:
    assert api().get(ADDRESS)["Cache-Control"] == "no-store"


def test_a_history_is_two_queries(
    api: Callable[..., APIClient], apple: Security, django_assert_num_queries: Any
) -> None:
    record(apple, *[str(n) for n in range(1, 51)])
    with django_assert_num_queries(2):  # the security; its ticks
        api().get(ADDRESS)


def test_only_the_newest_partitions_are_touched(
    apple: Security, security: Callable[..., Security]
) -> None:
    for day in range(5):
        for number in range(3):
            other = apple if number == 0 else security(f"T{day}{number}")
            record(other, *["1"] * 300, at=NOON - timedelta(days=day), after=day * 300)
    plan = _plan("ANALYZE pricefeed_tick", apple, limit=350)
    assert _executed(plan) == {"pricefeed_tick_20310517": 300, "pricefeed_tick_20310516": 50}
    assert plan.count("(never executed)") == 3
    assert "Sort" not in plan
    assert len(newest_ticks(security=apple, limit=350)) == 350


def _plan(prepare: str, security: Security, *, limit: int) -> str:
    """What Postgres did for `newest_ticks`, which is caught by its SQL."""
    with connection.cursor() as cursor:
        cursor.execute(prepare)
        with CaptureQueriesContext(connection) as caught:
            newest_ticks(security=security, limit=limit)
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) {caught[0]['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


def _executed(plan: str) -> dict[str, int]:
    """Rows read from each partition that was read by its index."""
    found = re.findall(r"Index.*? on (pricefeed_tick_\d+).*\(actual rows=([\d.]+)", plan)
    return {table: round(float(rows)) for table, rows in found}
