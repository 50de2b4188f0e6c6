"""Whose turn it is: one run of the feed at a time, and not more often than once a period.

Two Beats, a slow run or a repeated message must not record twice. A lock keeps runs
apart (`locks.feed_lock`); the time of the last run, claimed under it, drops the surplus.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from pricefeed.models import Feed

_EARLIEST_SHARE_OF_PERIOD = 0.6
"""Beat is never exact: the next run may begin this early, a second Beat's falls out."""


def claim_turn(*, now: datetime, period_seconds: float) -> bool:
    """Claim the period's run, under the lock; False when it has been run already."""
    latest = now - timedelta(seconds=period_seconds * _EARLIEST_SHARE_OF_PERIOD)
    due = Q(run_at__isnull=True) | Q(run_at__lte=latest) | Q(run_at__gt=now)
    return bool(Feed.objects.filter(due).update(run_at=now))
