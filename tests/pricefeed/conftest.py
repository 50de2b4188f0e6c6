"""What tests of the feed share: Redis of their own, quotes, ticks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from pricefeed import partitions
from pricefeed.delivery import latest
from pricefeed.delivery.wire import WireQuote
from pricefeed.ticks import Tick
from securities.redis_client import redis_client
from tests.conftest import use_own_redis_names

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

MakeTick = Callable[..., Tick]


@pytest.fixture(autouse=True)
def own_redis_names(monkeypatch: pytest.MonkeyPatch) -> str:
    return use_own_redis_names(monkeypatch)


@pytest.fixture(autouse=True)
def no_history_of_others(request: pytest.FixtureRequest) -> None:
    """pytest-django empties the tables of managed models; partitions of ticks it does not know."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None and not {"db", "transactional_db"}.intersection(request.fixturenames):
        return
    commits = "transactional_db" in request.fixturenames
    if commits or (marker is not None and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
    else:
        request.getfixturevalue("db")
    drop_history()


def drop_history() -> None:
    """Every partition, and what this process remembers of them."""
    with connection.cursor() as cursor:
        for table in partitions.ALL:
            for day in table.existing():
                cursor.execute(f"DROP TABLE {table.name(day)}")
    partitions.forget_partitions()


def redis_loses_quotes() -> None:
    """As a Redis that was started anew: neither quotes nor how far they had been published."""
    redis_client().delete(latest._QUOTES, latest._OWNERS, latest._MARK, latest._CATALOGUE)


@pytest.fixture
def tick() -> MakeTick:
    """`tick("AAPL", "187.32", seconds=5)`: a tick some seconds after noon."""

    def make(
        ticker: str, price: str, *, seconds: float = 0, previous_close: str | None = None
    ) -> Tick:
        return Tick(
            ticker,
            Decimal(price),
            NOON + timedelta(seconds=seconds),
            Decimal(previous_close) if previous_close else None,
        )

    return make


@pytest.fixture
def quote() -> Callable[..., WireQuote]:
    """`quote("AAPL", 7, price="187.32")`: an encoded quote with a sequence."""

    def make(
        ticker: str = "AAPL",
        sequence: int = 1,
        *,
        price: str = "10.00",
        previous_close: str = "10.00",
        name: str = "Some Inc.",
    ) -> WireQuote:
        return WireQuote.build(
            ticker=ticker,
            name=name,
            currency="USD",
            price=Decimal(price),
            previous_close=Decimal(previous_close),
            updated_at=NOON + timedelta(seconds=sequence),
            sequence=sequence,
        )

    return make
