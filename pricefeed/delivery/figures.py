"""What this process tells `/metrics` of its sockets: counted once a second, never per frame.

The modes say how the values of several processes make one: see config.metrics.
"""

from collections.abc import Iterable

from prometheus_client import Gauge

from pricefeed.delivery.connection import Connection

WATCHLIST, PRICES = "watchlist", "prices"

_connections = Gauge(
    "tickwatch_connections",
    "Open sockets that get prices, by what they were opened for.",
    ["kind"],
    multiprocess_mode="livesum",
)
_blocked = Gauge(
    "tickwatch_connections_blocked",
    "Sockets whose clients do not keep up at the moment.",
    multiprocess_mode="livesum",
)
_heard = Gauge(
    "tickwatch_feed_heard_timestamp_seconds",
    "When the process that has waited longest last heard of the feed; 0 before its first socket.",
    multiprocess_mode="livemin",
)
for _kind in (WATCHLIST, PRICES):  # so that nobody at all is a figure, too
    _connections.labels(_kind)


def report(connections: Iterable[Connection], *, heard_at: float) -> None:
    """Count what is open now; `heard_at` is the time of the feed's last sign of life."""
    watchlists = prices = blocked = 0
    for connection in connections:
        if connection.user_id is not None:
            watchlists += 1
        else:
            prices += 1
        if connection.blocked:
            blocked += 1
    _connections.labels(WATCHLIST).set(watchlists)
    _connections.labels(PRICES).set(prices)
    _blocked.set(blocked)
    _heard.set(heard_at)
