"""Pages of anomalies, forwards and backwards."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pricefeed.models import Anomaly, Direction
from pricefeed.recording.analytics.selectors import (
    anomalies_after,
    newest_anomalies,
)
from securities.models import Security
from tests.pricefeed.conftest import NOON


@pytest.fixture
def apple(security: Callable[..., Security]) -> Security:
    return security("AAPL")


def found(security: Security, *, price: str = "103", reference: str = "100") -> int:
    return Anomaly.objects.create(
        security=security,
        direction=Direction.UP,
        at=NOON,
        price=Decimal(price),
        reference=Decimal(reference),
    ).pk


def ids(anomalies: list[Anomaly]) -> list[int]:
    return [each.pk for each in anomalies]


def test_without_anomalies_there_is_no_page(db: None) -> None:
    assert (newest_anomalies(limit=5), anomalies_after(after=0, limit=5)) == ([], [])


def test_pages_go_backwards_from_the_newest_and_forwards_from_an_id(apple: Security) -> None:
    made = [found(apple) for _ in range(5)]
    assert ids(newest_anomalies(limit=2)) == [made[4], made[3]]
    assert ids(newest_anomalies(limit=2, before=made[3])) == [made[2], made[1]]
    assert ids(anomalies_after(after=made[1], limit=2)) == [made[2], made[3]]
    assert ids(anomalies_after(after=made[4], limit=2)) == []


def test_a_security_has_its_own_pages(apple: Security, security: Callable[..., Security]) -> None:
    mine, other, last = found(apple), found(security("MSFT")), found(apple)
    assert ids(newest_anomalies(limit=9, security=apple)) == [last, mine]
    assert ids(newest_anomalies(limit=9, before=other, security=apple)) == [mine]
    assert ids(anomalies_after(after=mine, limit=9, security=apple)) == [last]


def test_a_page_is_one_query_with_its_tickers(
    apple: Security, django_assert_num_queries: Any
) -> None:
    found(apple)
    found(apple)
    with django_assert_num_queries(2):
        pages = newest_anomalies(limit=9) + anomalies_after(after=0, limit=9)
        assert {each.security.ticker for each in pages} == {"AAPL"}


def test_the_change_is_a_percentage_of_the_reference(apple: Security) -> None:
    found(apple, price="97.5", reference="100")
    assert newest_anomalies(limit=1)[0].pct_change == Decimal("-2.50")
