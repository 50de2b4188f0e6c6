"""Shaped reads of what the feed has recorded."""

from pricefeed.models import CANDLES, Candle, Tick
from securities.models import Security


def newest_ticks(*, security: Security, limit: int) -> list[Tick]:
    """The security's newest `limit` ticks, oldest first. One query.

    Ordered as the key of every partition is, so Postgres reads each partition's
    index from its end, newest day first, and begins no further day than it needs.
    """
    newest = Tick.objects.filter(security_id=security.pk).order_by("-at", "-sequence")[:limit]
    return list(newest)[::-1]


def newest_candles(*, security: Security, interval: str, limit: int) -> list[Candle]:
    """The security's newest `limit` candles of an interval, oldest first. One query, as above."""
    newest = CANDLES[interval].objects.filter(security_id=security.pk).order_by("-start")[:limit]
    return list(newest)[::-1]
