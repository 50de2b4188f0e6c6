"""Daily partitions of `pricefeed_tick`: made before they are needed, dropped when they expire.

A partition holds one UTC day and is named after it, pricefeed_tick_20261121.

Locks. A partition is made as a table of its own and then attached: ATTACH takes
SHARE UPDATE EXCLUSIVE on the parent, beside which inserts and reads go on, where
CREATE … PARTITION OF would take ACCESS EXCLUSIVE and stop both. Those who make
partitions take turns by an advisory lock. Dropping one needs ACCESS EXCLUSIVE on
the parent for a moment; it gives up after `_DROP_PATIENCE_MS`, so nothing queues
behind it for longer (behind a dump, say), and the next hour tries again.
"""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

log = structlog.get_logger(__name__)

TABLE = "pricefeed_tick"
DAYS_AHEAD = 3

_ADVISORY_LOCK = 0x7061_7274  # "part"; the feed has a lock of its own
_DROP_PATIENCE_MS = 1000
_NAME = re.compile(rf"{TABLE}_(\d{{8}})")

_known: set[date] = set()
"""Days whose committed partitions this process has seen."""


def maintain_partitions(*, now: datetime | None = None) -> None:
    """Partitions for today and the days ahead; none for days beyond PRICE_HISTORY_DAYS.

    Safe to run twice, late, or beside another.
    """
    today = _utc_day(now or timezone.now())
    with transaction.atomic():
        ensure_partitions_of([today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)])
    drop_expired(retention_days=settings.PRICE_HISTORY_DAYS, now=now)


def ensure_partitions_of(days: Collection[date]) -> None:
    """Make the partitions of these UTC days where they are missing.

    Call it inside the transaction that writes to them, before it writes. Where the
    process knows that they exist it asks Postgres nothing. Days that may have
    expired are never taken as known: another process may have dropped them.
    """
    expiring = _first_day_kept(settings.PRICE_HISTORY_DAYS, timezone.now())
    if not [day for day in days if day not in _known or day <= expiring]:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        for day in sorted(set(days) - existing_partitions()):
            _create(day)
        # Only then: what is rolled back does not exist, and this process must not think so.
        transaction.on_commit(partial(_known.update, set(days)))


def forget_partitions() -> None:
    """Look again: one that this process has seen is not there any more."""
    _known.clear()


def drop_expired(*, retention_days: int, now: datetime | None = None) -> list[date]:
    """Drop partitions older than `retention_days` whole days before today; returns their days.

    A partition that is in use right now stays until the next call.
    """
    first_kept = _first_day_kept(retention_days, now or timezone.now())
    expired = sorted(day for day in existing_partitions() if day < first_kept)
    return [day for day in expired if _drop(day)]


def existing_partitions() -> set[date]:
    """The days that have a partition now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = %s::regclass",
            [TABLE],
        )
        names = [_NAME.fullmatch(name) for (name,) in cursor.fetchall()]
    return {_day_named(name[1]) for name in names if name}


def partition_name(day: date) -> str:
    """The table that holds a day."""
    return f"{TABLE}_{day:%Y%m%d}"


def _create(day: date) -> None:
    name, after = partition_name(day), day + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{day} 00:00+00') TO ('{after} 00:00+00')"
        )
    log.info("partition_created", day=str(day))


def _drop(day: date) -> bool:
    _known.discard(day)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_DROP_PATIENCE_MS}")
            cursor.execute(f"DROP TABLE IF EXISTS {partition_name(day)}")
    except OperationalError as error:  # LockNotAvailable, or a deadlock resolved against us
        log.warning("partition_not_dropped", day=str(day), cause=str(error))
        return False
    log.info("partition_dropped", day=str(day))
    return True


def _first_day_kept(retention_days: int, now: datetime) -> date:
    return _utc_day(now) - timedelta(days=retention_days)


def _utc_day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _day_named(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
