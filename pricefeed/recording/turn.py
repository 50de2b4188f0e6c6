"""Whose turn it is: one run of the feed at a time, and not more often than once a period.

Two Beats, a slow run or a repeated message must not record twice. A Postgres
advisory lock keeps runs apart (it falls with its connection, so a killed worker
holds nobody up); the time of the last run, claimed under it, drops the surplus.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from pricefeed.models import Feed
from pricefeed.recording.locks import unlock

_LOCK_KEY = 0x7469636B  # "tick"
_EARLIEST_SHARE_OF_PERIOD = 0.6
"""Beat is never exact: the next run may begin this early, a second Beat's falls out."""


@contextmanager
def feed_lock() -> Iterator[bool]:
    """Hold the feed for a run; gives False, at once, when another run holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK_KEY])
        (is_ours,) = cursor.fetchone()
        session = cursor.connection  # psycopg's own: Django may meanwhile open another
    try:
        yield is_ours
    finally:
        if is_ours:
            unlock(session, "pg_advisory_unlock(%s)", (_LOCK_KEY,))


def claim_turn(*, now: datetime, period_seconds: float) -> bool:
    """Claim the period's run, under the lock; False when it has been run already."""
    latest = now - timedelta(seconds=period_seconds * _EARLIEST_SHARE_OF_PERIOD)
    due = Q(run_at__isnull=True) | Q(run_at__lte=latest) | Q(run_at__gt=now)
    return bool(Feed.objects.filter(due).update(run_at=now))
