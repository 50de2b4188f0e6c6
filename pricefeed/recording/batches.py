"""How big batches are and how long they take, as histograms for `/metrics`.

Workers serve no HTTP, come and go, and may be on any machine. So they count in Redis,
where every web process can read it: a figure, not a ledger. What is counted twice or not
at all when Redis goes away is a batch in a histogram.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Literal, NamedTuple, cast

from prometheus_client.core import HistogramMetricFamily
from redis.exceptions import RedisError

from securities.redis_client import redis_client

KEY = "tickwatch:batches"

Way = Literal["scheduled", "pushed"]
_WAYS: tuple[Way, ...] = ("scheduled", "pushed")


class _Histogram(NamedTuple):
    name: str
    help: str
    bounds: tuple[str, ...]

    def bucket(self, value: float) -> str:
        """The least bound that is not below it."""
        return self.bounds[bisect_left(self.bounds, value, key=float)]

    def family(self, counts: Mapping[str, float]) -> HistogramMetricFamily:
        """As Prometheus has it: each bucket with all that are smaller."""
        family = HistogramMetricFamily(f"tickwatch_{self.name}", self.help, labels=["way"])
        for way in _WAYS:
            found = (counts.get(f"{way}:{self.name}:{bound}", 0) for bound in self.bounds)
            buckets = list(zip(self.bounds, accumulate(found), strict=True))
            family.add_metric([way], buckets, counts.get(f"{way}:{self.name}:sum", 0))
        return family


_TICKS = _Histogram(
    "batch_ticks",
    "Ticks of a batch that was recorded.",
    ("1", "10", "100", "500", "1000", "5000", "10000", "25000", "50000", "75000", "+Inf"),
)
_SECONDS = _Histogram(
    "batch_duration_seconds",
    "How long it took to record and to publish a batch.",
    ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"),
)


def count_batch(way: Way, *, ticks: int, seconds: float) -> None:
    """One batch more, in one round trip. Raises nothing: recording does not fail for a figure."""
    try:
        with redis_client().pipeline() as pipe:
            for histogram, value in ((_TICKS, ticks), (_SECONDS, seconds)):
                pipe.hincrby(KEY, f"{way}:{histogram.name}:{histogram.bucket(value)}")
                pipe.hincrbyfloat(KEY, f"{way}:{histogram.name}:sum", value)
            pipe.execute()
    except (RedisError, OSError):
        return


def batch_figures() -> Iterator[HistogramMetricFamily]:
    """All batches since Redis was started. Raises RedisError."""
    found = cast("dict[bytes, bytes]", redis_client().hgetall(KEY))  # typed for asyncio, too
    counts = {name.decode(): float(count) for name, count in found.items()}
    for histogram in (_TICKS, _SECONDS):
        yield histogram.family(counts)
