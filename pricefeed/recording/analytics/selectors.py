"""Reads of what analytics has found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db.models import Count, QuerySet

from pricefeed.columns import decimal_of, moment_of
from pricefeed.models import Anomaly
from pricefeed.recording.analytics.kept import read_kept
from pricefeed.recording.analytics.reread import states_of
from pricefeed.recording.analytics.states import AVERAGED, States
from securities.models import Security

_ALL = 2**63 - 1
_LATELY = 10_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of all ticks of a security that were ever recorded.

    `moving_average` is that of its last `window` prices by their own time, 64 of them once there
    are as many, to six decimals (half up); `updated_at` is the time of the last one. What
    cannot be said without a tick is None.
    """

    count: int
    minimum: Decimal | None
    maximum: Decimal | None
    moving_average: Decimal | None
    window: int
    updated_at: datetime | None


def statistics_of(securities: Sequence[Security]) -> list[Statistics]:
    """The committed statistics of these, in their order.

    From Redis, and one query to know that it is right there; one more for those that are not.
    """
    if not securities:
        return []
    ids = np.unique([security.pk for security in securities])
    # Two windows of ticks are what recording needs; here the prices of the average will do.
    states = states_of(ids, read_kept(ids), upto=_ALL, window=0)
    found = dict(zip(ids.tolist(), _statistics(states), strict=True))
    return [found[security.pk] for security in securities]


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


def securities_with_most_anomalies(*, limit: int) -> list[tuple[Security, int]]:
    """Each with how many of the newest 10,000 anomalies are its own, the most first. One query."""
    lately = Anomaly.objects.order_by("-pk").values("pk")[:_LATELY]
    rows = Security.objects.filter(anomalies__in=lately).annotate(found=Count("anomalies"))
    return [(row, row.found) for row in rows.order_by("-found", "ticker")[:limit]]


def _anomalies(security: Security | None) -> QuerySet[Anomaly]:
    rows = Anomaly.objects.select_related("security")
    return rows if security is None else rows.filter(security=security)


def _statistics(states: States) -> Iterable[Statistics]:
    ends = np.cumsum(states.lengths).tolist()
    columns = (states.count, states.minimum, states.maximum, states.lengths)
    for end, count, minimum, maximum, length in zip(
        ends, *(column.tolist() for column in columns), strict=True
    ):
        window = min(length, AVERAGED)
        total = sum(states.price[end - window : end].tolist())  # may exceed 64 bits
        yield Statistics(
            count=count,
            minimum=decimal_of(minimum) if count else None,
            maximum=decimal_of(maximum) if count else None,
            moving_average=decimal_of((2 * total + window) // (2 * window)) if window else None,
            window=window,
            updated_at=moment_of(int(states.at[end - 1])) if window else None,
        )
