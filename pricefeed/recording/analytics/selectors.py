"""Reads of what analytics has found."""

from django.db.models import QuerySet

from pricefeed.models import Anomaly
from securities.models import Security


def anomalies_after(*, after: int, limit: int, security: Security | None = None) -> list[Anomaly]:
    """The first `limit` anomalies with a greater id, oldest first, with their securities.

    One query. Ids become visible in their order: whoever goes on from the last one that
    this gave misses none.
    """
    return list(_anomalies(security).filter(pk__gt=after).order_by("pk")[:limit])


def newest_anomalies(
    *, limit: int, before: int | None = None, security: Security | None = None
) -> list[Anomaly]:
    """The newest `limit` anomalies, of those with a smaller id than `before`; newest first.

    One query, with their securities.
    """
    rows = _anomalies(security)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def newest_anomaly_id() -> int:
    """The id of the newest anomaly; 0 where there is none. One query."""
    return Anomaly.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _anomalies(security: Security | None) -> QuerySet[Anomaly]:
    rows = Anomaly.objects.select_related("security")
    return rows if security is None else rows.filter(security=security)
