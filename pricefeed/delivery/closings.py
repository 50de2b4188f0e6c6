"""What this process tells `/metrics` of the sockets that it closed: see config.metrics."""

from prometheus_client import Counter

from pricefeed.delivery.close_codes import REASONS

_closed = Counter(
    "tickwatch_connections_closed",
    "Sockets that the server has closed, by close code; docs/protocol.md has their meaning.",
    ["code"],
)
for _code in REASONS:  # so that none at all is a figure, too
    _closed.labels(_code)


def count_closing(code: int) -> None:
    """One socket more; who does not read is cut off and never hears the code."""
    _closed.labels(code).inc()
