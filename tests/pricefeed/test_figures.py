"""What the feed tells `/metrics`: counted where it is true, by whoever did it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.test import override_settings
from django.utils import timezone
from prometheus_client.core import Metric
from redis.exceptions import ConnectionError as RedisAway

from pricefeed.figures import committed_figures, waiting_figures
from pricefeed.models import Anomaly, Direction, Feed, StreamPosition
from pricefeed.recording import batches
from pricefeed.recording.batches import batch_figures, count_batch
from pricefeed.recording.services import record
from pricefeed.services import prices_update
from pricefeed.sources.pushed import streams as streams_module
from securities.models import Quote
from securities.redis_client import redis_client
from tests.conftest import MakeSecurity
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.pushed.conftest import (  # noqa: F401  two are fixtures
    asked,
    own_streams,
    push,
    record_all,
    redis_loses_streams,
)


def figures(families: Iterable[Metric]) -> dict[str, float]:
    """By `name` or `name{label,label}`."""
    return {
        sample.name + (f"{{{','.join(sample.labels.values())}}}" if sample.labels else ""): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


def committed() -> dict[str, float]:
    return figures(committed_figures())


def waiting() -> dict[str, float]:
    return figures(waiting_figures())


def test_the_age_of_prices_is_that_of_the_newest(security: MakeSecurity) -> None:
    for ticker, age in (("OLD", 3600), ("NEW", 60)):
        at = timezone.now() - timedelta(seconds=age)
        quote = Quote.objects.filter(security=security(ticker, price="1"))
        quote.update(updated_at=at)
    assert committed()["tickwatch_price_age_seconds"] == pytest.approx(60, abs=5)


def test_while_there_is_no_price_it_has_no_age(db: None) -> None:
    assert "tickwatch_price_age_seconds" not in committed()


def test_what_was_committed_is_read_by_one_query(db: None, django_assert_num_queries: Any) -> None:
    Feed.objects.update(sequence=12)
    for partition in (1, 2):
        StreamPosition.objects.create(partition=partition, dropped=partition)
    with django_assert_num_queries(1):
        found = committed()
    assert found["tickwatch_ticks_recorded_total"] == 12
    assert found["tickwatch_ticks_dropped_total"] == 3


def test_anomalies_are_counted_by_direction_and_stay_so_when_their_days_are_dropped(
    security: MakeSecurity, tick: MakeTick
) -> None:
    security("A")
    for step, price in enumerate(("100", "90", "100", "80")):
        record([tick("A", price, seconds=step * 10), tick("A", "95", seconds=step * 10 + 0.5)])
    before = committed()
    ups, downs = (Anomaly.objects.filter(direction=each).count() for each in Direction)
    assert (ups, downs) == (2, 2)
    assert before["tickwatch_anomalies_total{up}"] == ups
    assert before["tickwatch_anomalies_total{down}"] == downs
    Anomaly.objects.all().delete()
    assert committed() == before | {"tickwatch_price_age_seconds": ANY}


@pytest.mark.django_db(transaction=True)
def test_ticks_are_received_lag_behind_and_are_recorded(security: MakeSecurity) -> None:
    one, two = security("A"), security("B")
    push(("A", "1"), ("A", "2"), ("B", "3"), ("NOBODY", "1"))
    at_first = waiting()
    assert at_first["tickwatch_ticks_received_total"] == 3
    assert at_first[f"tickwatch_lag_ticks{{{one.pk % 8}}}"] == 2
    assert at_first[f"tickwatch_lag_ticks{{{two.pk % 8}}}"] == 1
    assert committed()["tickwatch_ticks_recorded_total"] == 0
    record_all()
    at_last = waiting()
    assert at_last["tickwatch_ticks_received_total"] == 3
    lags = [name for name in at_last if name.startswith("tickwatch_lag_")]
    assert len(lags) == 16
    assert {at_last[name] for name in lags} == {0}
    assert committed()["tickwatch_ticks_recorded_total"] == 3
    assert at_last["tickwatch_batch_ticks_sum{pushed}"] == 3
    batches = at_last["tickwatch_batch_ticks_count{pushed}"]
    assert at_last["tickwatch_batch_duration_seconds_count{pushed}"] == batches > 0


@pytest.mark.django_db(transaction=True)
def test_the_lag_is_the_age_of_the_oldest_that_waits_by_redis_clock(
    security: MakeSecurity,
) -> None:
    partition = security("A").pk % 8
    push(("A", "1"))
    name = f"tickwatch_lag_seconds{{{partition}}}"
    assert 0 <= waiting()[name] < 5
    client: Any = redis_client()
    key = f"{streams_module.PREFIX}:stream:{partition}"
    now, _ = client.time()
    client.delete(key)
    client.xadd(key, {"d": b"", "u": "1"}, id=f"{(now - 90) * 1000}-0")
    client.xadd(key, {"d": b"", "u": "2"})
    assert waiting()[name] == pytest.approx(90, abs=5)


@pytest.mark.django_db(transaction=True)
def test_what_the_bound_has_cost_is_counted_once_it_is_noticed(
    security: MakeSecurity, settings: Any
) -> None:
    security("A")
    settings.TICKS_WAITING_PER_PARTITION = 3
    for price in range(1, 6):
        push(("A", str(price)))
    record_all()
    assert committed()["tickwatch_ticks_dropped_total"] == 2
    assert committed()["tickwatch_ticks_recorded_total"] == 3
    assert waiting()["tickwatch_ticks_received_total"] == 5


@pytest.mark.django_db(transaction=True)
def test_a_partition_that_is_used_no_longer_is_shown_while_ticks_wait_there(
    security: MakeSecurity,
) -> None:
    partition = security("A").pk % 200
    with override_settings(TICK_PARTITIONS=200):
        push(("A", "1"))
    with override_settings(TICK_PARTITIONS=1):
        assert waiting()[f"tickwatch_lag_ticks{{{partition}}}"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_redis_that_was_emptied_counts_anew(security: MakeSecurity) -> None:
    security("A")
    push(("A", "1"))
    redis_loses_streams()
    assert waiting()["tickwatch_ticks_received_total"] == 0


def test_a_batch_is_in_its_bucket_and_in_all_above() -> None:
    for ticks, seconds in ((1, 0.001), (10, 0.005), (11, 0.3), (1_000_000, 60.0)):
        count_batch("pushed", ticks=ticks, seconds=seconds)
    found = figures(batch_figures())
    sizes = {bound: found[f"tickwatch_batch_ticks_bucket{{pushed,{bound}}}"] for bound in SIZES}
    assert sizes == {"1": 1, "10": 2, "100": 3, "75000": 3, "+Inf": 4}
    assert found["tickwatch_batch_ticks_count{pushed}"] == 4
    assert found["tickwatch_batch_ticks_sum{pushed}"] == 1_000_022
    assert found["tickwatch_batch_duration_seconds_bucket{pushed,0.005}"] == 2
    assert found["tickwatch_batch_duration_seconds_sum{pushed}"] == pytest.approx(60.306)
    assert found["tickwatch_batch_ticks_count{scheduled}"] == 0


SIZES = ("1", "10", "100", "75000", "+Inf")


def test_a_scheduled_run_is_a_batch(
    db: None, security: MakeSecurity, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    security("A")

    class Source:
        def fetch(self, *_: Any, **__: Any) -> list[Any]:
            return [tick("A", "10")]

    prices_update(source=Source())  # type: ignore[arg-type]
    assert figures(batch_figures())["tickwatch_batch_ticks_sum{scheduled}"] == 1


def test_recording_does_not_fail_where_a_batch_cannot_be_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away:
        def pipeline(self) -> Any:
            raise RedisAway

    with monkeypatch.context() as patch:
        patch.setattr(batches, "redis_client", Away)
        count_batch("pushed", ticks=1, seconds=1)
    assert figures(batch_figures())["tickwatch_batch_ticks_count{pushed}"] == 0
