"""Ticks pushed in batches, as workers record them, and what analytics makes of them."""

import itertools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pricefeed.columns import TickColumns, microseconds
from pricefeed.models import Anomaly, Direction
from pricefeed.partitions import ensure_partitions_of
from pricefeed.recording.analytics import kept, reread, selectors, states
from pricefeed.recording.analytics.selectors import Statistics
from pricefeed.recording.positions import Position, Step, StepTaken, position_of
from pricefeed.recording.services import Recorded, record_pushed
from securities.models import Security
from securities.redis_client import redis_client
from tests.pricefeed.conftest import NOON
from tests.pricefeed.recording.analytics.oracle import Found, Point

START = microseconds(NOON)
UNIT = 1000
"""Microseconds that a step of a point's time takes here."""

NOBODY = Redis(port=1, retry=Retry(NoBackoff(), 0))
"""Where no Redis is."""

States = dict[str, Any]
Rows = Sequence[tuple[Security, Point]]


@dataclass
class Pushed:
    """Records batches, one stream position after the other."""

    numbers: "itertools.count[int]"

    def __call__(self, rows: Rows, *, partition: int = 0) -> Recorded:
        begin = position_of(partition)
        end = Position(partition, "epoch", f"{next(self.numbers)}-0", begin.taken + len(rows))
        return record_pushed(columns(rows), steps=[Step(begin, end)])

    def in_vain(self, rows: Rows) -> None:
        """All of it, but the commit: it finds that another worker was there first."""
        nowhere = Position(0, "another epoch")
        with pytest.raises(StepTaken):
            record_pushed(columns(rows), steps=[Step(nowhere, nowhere)])


def columns(rows: Rows) -> TickColumns:
    return TickColumns.of(
        [security.pk for security, _ in rows],
        [START + point.at * UNIT for _, point in rows],
        [point.price for _, point in rows],
    )


@pytest.fixture
def push(db: None) -> Pushed:
    """`push([(apple, Point(at=5, price=103))])`: recorded as one batch."""
    ensure_partitions_of([NOON.date()])
    return Pushed(itertools.count(1))


@pytest.fixture(autouse=True)
def own_kept_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PREFIX", f"test-{uuid.uuid4().hex[:12]}:analytics")


@pytest.fixture
def short_average(monkeypatch: pytest.MonkeyPatch) -> int:
    """Of three prices, so that little is kept and much has to be reread."""
    for module in (states, reread, selectors):
        monkeypatch.setattr(module, "AVERAGED", 3)
    return 3


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and there is no Redis for analytics any more."""

    def go() -> None:
        monkeypatch.setattr(kept, "redis_client", lambda: NOBODY)

    return go


def redis_loses_states() -> None:
    redis_client().delete(*map(kept._key, range(kept.SHARDS)))


def redis_states() -> States:
    """All there is, by key."""
    keys = map(kept._key, range(kept.SHARDS))
    found = {key: redis_client().hgetall(key) for key in keys}
    return {key: fields for key, fields in found.items() if fields}


def redis_goes_back(before: States) -> None:
    redis_loses_states()
    for key, fields in before.items():
        redis_client().hset(key, mapping=fields)


def found_for(security: Security) -> list[Found]:
    """Its anomalies, in order of id."""
    return [
        Found(
            each.direction == Direction.UP,
            (each.at - NOON) // timedelta(microseconds=UNIT),
            int(each.price * 1_000_000),
            int(each.reference * 1_000_000),
        )
        for each in Anomaly.objects.filter(security=security).order_by("pk")
    ]


def expected_statistics(series: list[Point], averaged: int) -> tuple[Any, ...]:
    prices = [Decimal(point.price) / 1_000_000 for point in series]
    last = prices[-averaged:]
    average = (sum(last) / len(last)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return len(prices), min(prices), max(prices), average, len(last)


def told(statistics: Statistics) -> tuple[Any, ...]:
    return (
        statistics.count,
        statistics.minimum,
        statistics.maximum,
        statistics.moving_average,
        statistics.window,
    )
