"""What the announcer reads from Postgres, each call in a thread with a database connection."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from channels.db import database_sync_to_async

from pricefeed.delivery.anomalies_wire import WireAnomaly
from pricefeed.recording.analytics.selectors import anomalies_after, newest_anomalies
from securities.models import Security
from securities.selectors import securities_by_spelling


class AnomalyReads(NamedTuple):
    """Each runs off the event loop; anomalies come oldest first."""

    newest: Callable[[int], Awaitable[list[WireAnomaly]]]
    """So many of the newest."""
    after: Callable[[int, int, int | None], Awaitable[list[WireAnomaly]]]
    """After an id; so many at most; those of one security, or of all."""
    security_ids: Callable[[Sequence[str]], Awaitable[dict[str, int | None]]]
    """Of the securities with these tickers, however written, active or not; None for none."""


@database_sync_to_async
def _newest(limit: int) -> list[WireAnomaly]:
    return [WireAnomaly.of(each) for each in reversed(newest_anomalies(limit=limit))]


@database_sync_to_async
def _after(position: int, limit: int, security_id: int | None) -> list[WireAnomaly]:
    security = None if security_id is None else Security(pk=security_id)
    found = anomalies_after(after=position, limit=limit, security=security)
    return [WireAnomaly.of(each) for each in found]


@database_sync_to_async
def _security_ids(tickers: Sequence[str]) -> dict[str, int | None]:
    found = securities_by_spelling(tickers)
    return {ticker: found[ticker].pk if ticker in found else None for ticker in tickers}


def anomaly_reads() -> AnomalyReads:
    """The reads, from the app's selectors."""
    return AnomalyReads(newest=_newest, after=_after, security_ids=_security_ids)
