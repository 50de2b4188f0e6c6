"""What the announcer reads from Postgres, each call in a thread with a database connection."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from channels.db import database_sync_to_async

from pricefeed.delivery.anomalies_wire import WireAnomaly
from pricefeed.recording.analytics.selectors import anomalies_after, newest_anomalies
from securities.models import Security
from securities.selectors import security_by_ticker


class AnomalyReads(NamedTuple):
    """Ways to read anomalies; each runs off the event loop and gives them oldest first."""

    newest: Callable[[int], Awaitable[list[WireAnomaly]]]
    """So many of the newest."""
    after: Callable[[int, int, int | None], Awaitable[list[WireAnomaly]]]
    """After an id; so many at most; those of one security, or of all."""


@database_sync_to_async
def _newest(limit: int) -> list[WireAnomaly]:
    return [WireAnomaly.of(each) for each in reversed(newest_anomalies(limit=limit))]


@database_sync_to_async
def _after(position: int, limit: int, security_id: int | None) -> list[WireAnomaly]:
    security = None if security_id is None else Security(pk=security_id)
    found = anomalies_after(after=position, limit=limit, security=security)
    return [WireAnomaly.of(each) for each in found]


@database_sync_to_async
def security_id_of(ticker: str) -> int:
    """Of the security with this ticker, however written, active or not. Raises SecurityUnknown."""
    return security_by_ticker(ticker).pk


def anomaly_reads() -> AnomalyReads:
    """The reads, from the app's selectors."""
    return AnomalyReads(newest=_newest, after=_after)
