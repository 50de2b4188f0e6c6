"""The anomalies that were recorded, held against the oracle."""

import os
from collections.abc import Iterator

import numpy as np
import psycopg

from bench.ingest.history import History
from bench.ingest.spikes import Spike, spikes
from bench.process import BenchmarkFailed

WINDOW_MS, THRESHOLD_PERCENT = 1000, "2.0"
"""As the settings are by default."""

_READ = """
SELECT security_id, direction, (extract(epoch FROM at) * 1000)::bigint,
       (price * 1000000)::bigint, (reference * 1000000)::bigint
  FROM pricefeed_anomaly ORDER BY security_id, at, direction
"""


def require_exact(history: History) -> int:
    """How many anomalies there are. Raises BenchmarkFailed where one is missing or invented."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute(_READ).fetchall()
    found = [(security, Spike(*spike)) for security, *spike in rows]
    expected = [
        (security, spike)
        for security, at, price in _that_may_spike(history)
        for spike in sorted(
            spikes(at, price, window_ms=WINDOW_MS, threshold_percent=THRESHOLD_PERCENT),
            key=lambda each: (each.at, each.direction),
        )
    ]
    if found != expected:
        missing, invented = len(set(expected) - set(found)), len(set(found) - set(expected))
        raise BenchmarkFailed(f"{missing} anomalies are missing, {invented} are invented.")
    return len(found)


def _that_may_spike(history: History) -> Iterator[tuple[int, list[int], list[int]]]:
    """By security, in the order of its ticks: times and prices, where these differ enough."""
    starts = np.flatnonzero(np.diff(history.security, prepend=-1))
    for begin, end in zip(starts, [*starts[1:], len(history.security)], strict=True):
        price = history.price[begin:end]
        if int(price.max()) * 100 > int(price.min()) * (100 + int(float(THRESHOLD_PERCENT))):
            yield int(history.security[begin]), history.at[begin:end].tolist(), price.tolist()
