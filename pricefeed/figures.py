"""What the feed tells `/metrics` that is the same whichever process is asked.

Each figure is read where it is true: what was committed in Postgres, what waits in Redis.
docs/adr/0015-figures-where-they-are-true.md
"""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

# Imported, so that what a process counts of itself is there before there is anything to count.
from pricefeed.delivery import closings, figures  # noqa: F401
from pricefeed.models import Direction
from pricefeed.recording.batches import batch_figures
from pricefeed.recording.selectors import totals
from pricefeed.sources.pushed import figures as pushed_figures  # noqa: F401
from pricefeed.sources.pushed.streams import streams


def committed_figures() -> Iterator[Metric]:
    """From Postgres, by one query; raises what Postgres does. No age without a price."""
    found = totals()
    yield CounterMetricFamily(
        "tickwatch_ticks_recorded", "Ticks that were recorded.", value=found.recorded
    )
    yield CounterMetricFamily(
        "tickwatch_ticks_dropped",
        "Ticks that were received and had to go before they were recorded.",
        value=found.dropped,
    )
    anomalies = CounterMetricFamily(
        "tickwatch_anomalies", "Anomalies that were found, by direction.", labels=["direction"]
    )
    anomalies.add_metric([Direction.UP], found.anomalies_up)
    anomalies.add_metric([Direction.DOWN], found.anomalies_down)
    yield anomalies
    if found.newest_at is not None:
        yield GaugeMetricFamily(
            "tickwatch_price_age_seconds",
            "Age of the newest price in Postgres.",
            value=(timezone.now() - found.newest_at).total_seconds(),
        )


def waiting_figures() -> Iterator[Metric]:
    """From Redis; raises RedisError."""
    received, lags = streams().lag()
    yield CounterMetricFamily(
        "tickwatch_ticks_received", "Pushed ticks that were taken, to be recorded.", value=received
    )
    ticks = GaugeMetricFamily(
        "tickwatch_lag_ticks",
        "Ticks of a partition that wait to be recorded.",
        labels=["partition"],
    )
    seconds = GaugeMetricFamily(
        "tickwatch_lag_seconds",
        "How long the oldest tick of a partition has been waiting to be recorded.",
        labels=["partition"],
    )
    for partition, lag in lags.items():
        ticks.add_metric([str(partition)], lag.ticks)
        seconds.add_metric([str(partition)], lag.seconds)
    yield ticks
    yield seconds
    yield from batch_figures()
