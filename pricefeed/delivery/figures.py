"""What this process tells `/metrics` of its sockets: counted every few seconds, never per frame.

The modes say how the values of several processes make one: see config.metrics.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from threading import Lock

from prometheus_client import Gauge

from pricefeed.delivery.outlet import Outlet

WATCHLIST, PRICES, ANOMALIES, FEED = "watchlist", "prices", "anomalies", "feed"
_KINDS = (WATCHLIST, PRICES, ANOMALIES, FEED)
_kind_and_blocked = attrgetter("kind", "blocked")

_connections = Gauge(
    "tickwatch_connections",
    "Open sockets, by what they were opened for.",
    ["kind"],
    multiprocess_mode="livesum",
)
_blocked = Gauge(
    "tickwatch_connections_blocked",
    "Sockets whose clients do not keep up at the moment.",
    multiprocess_mode="livesum",
)
for _kind in _KINDS:  # so that nobody at all is a figure, too
    _connections.labels(_kind)

_making = Lock()  # hubs of several threads make one


@cache
def _heard() -> Gauge:
    """Made when there is a time to tell: as soon as it is made it says 0, the least of all."""
    return Gauge(
        "tickwatch_feed_heard_timestamp_seconds",
        "When the process that has waited longest last heard of the feed, of those that listen.",
        multiprocess_mode="livemin",
    )


def report(outlets: Iterable[Outlet], *, heard_at: float) -> None:
    """Count what is open now; `heard_at` is the time of the feed's last sign of life."""
    kinds = Counter(map(_kind_and_blocked, outlets))
    for kind in _KINDS:
        _connections.labels(kind).set(kinds[kind, False] + kinds[kind, True])
    _blocked.set(sum(kinds[kind, True] for kind in _KINDS))
    with _making:
        _heard().set(heard_at)
