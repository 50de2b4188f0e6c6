"""Partitions by day: made before they are needed, dropped when they expire.

A partition holds one UTC day and is named after it, pricefeed_tick_20261121.

Locks. A partition is made as a table of its own and then attached: ATTACH takes
SHARE UPDATE EXCLUSIVE on the parent, beside which inserts and reads go on, where
CREATE … PARTITION OF would take ACCESS EXCLUSIVE and stop both. Those who make
partitions take turns by an advisory lock. Dropping one needs ACCESS EXCLUSIVE on
the parent for a moment; it gives up after `_DROP_PATIENCE_MS`, so nothing queues
behind it for longer (behind a dump, say), and the next hour tries again.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

log = structlog.get_logger(__name__)

DAYS_AHEAD = 3

_ADVISORY_LOCK = 0x7061_7274  # "part"; the feed has a lock of its own
_DROP_PATIENCE_MS = 1000


class DailyPartitions:
    """The partitions of one table. `retention` is the setting that says for how many days."""

    def __init__(self, table: str, *, retention: str, storage: str = "") -> None:
        self.table = table
        self._retention = retention
        self._storage = storage
        self._name = re.compile(rf"{table}_(\d{{8}})")
        self._known: set[date] = set()
        """Days whose committed partitions this process has seen."""

    def first_day_kept(self, now: datetime | None = None) -> date:
        """So many whole days before today; what is older expires."""
        days: int = getattr(settings, self._retention)
        return _utc_day(now or timezone.now()) - timedelta(days=days)

    def name(self, day: date) -> str:
        """The table that holds a day."""
        return f"{self.table}_{day:%Y%m%d}"

    def existing(self) -> set[date]:
        """The days that have a partition now."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
                "WHERE inhparent = %s::regclass",
                [self.table],
            )
            names = [self._name.fullmatch(name) for (name,) in cursor.fetchall()]
        return {_day_named(name[1]) for name in names if name}

    def ensure(self, days: Iterable[date]) -> None:
        """Make the partitions of these UTC days where they are missing, in one transaction.

        Where the process knows that they exist it asks Postgres nothing. Days that may
        have expired are never taken as known: another process may have dropped them.
        """
        wanted, expiring = set(days), self.first_day_kept()
        if not [day for day in wanted if day not in self._known or day <= expiring]:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
            for day in sorted(wanted - self.existing()):
                self._create(day)
            # Only then: what is rolled back does not exist, and this process must not think so.
            transaction.on_commit(partial(self._known.update, wanted))

    def forget(self) -> None:
        """Look again: one that this process has seen is not there any more."""
        self._known.clear()

    def drop_expired(self, *, now: datetime | None = None) -> list[date]:
        """Drop the partitions of days that are not kept any more; returns their days.

        A partition that is in use right now stays until the next call.
        """
        first_kept = self.first_day_kept(now)
        expired = sorted(day for day in self.existing() if day < first_kept)
        return [day for day in expired if self._drop(day)]

    def _create(self, day: date) -> None:
        name, after = self.name(day), day + timedelta(days=1)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {name} (LIKE {self.table} INCLUDING ALL) {self._storage}")
            cursor.execute(
                f"ALTER TABLE {self.table} ATTACH PARTITION {name} "
                f"FOR VALUES FROM ('{day} 00:00+00') TO ('{after} 00:00+00')"
            )
        log.info("partition_created", table=self.table, day=str(day))

    def _drop(self, day: date) -> bool:
        self._known.discard(day)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {_DROP_PATIENCE_MS}")
                cursor.execute(f"DROP TABLE IF EXISTS {self.name(day)}")
        except OperationalError as error:  # LockNotAvailable, or a deadlock resolved against us
            log.warning("partition_not_dropped", table=self.table, day=str(day), cause=str(error))
            return False
        log.info("partition_dropped", table=self.table, day=str(day))
        return True


TICKS = DailyPartitions("pricefeed_tick", retention="PRICE_HISTORY_DAYS")

_ROOM_FOR_UPDATES = "WITH (fillfactor = 50)"
CANDLES_1M, CANDLES_5M = (
    DailyPartitions(table, retention="CANDLE_DAYS", storage=_ROOM_FOR_UPDATES)
    for table in ("pricefeed_candle_1m", "pricefeed_candle_5m")
)
ALL = (TICKS, CANDLES_1M, CANDLES_5M)


def maintain_partitions(*, now: datetime | None = None) -> None:
    """Partitions for today and the days ahead; none for days beyond what is kept.

    Safe to run twice, late, or beside another.
    """
    today = _utc_day(now or timezone.now())
    ahead = [today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]
    with transaction.atomic():
        for each in ALL:
            each.ensure(ahead)
    for each in ALL:
        each.drop_expired(now=now)


def ensure_partitions_of(days: Collection[date]) -> None:
    """Make what ticks of these UTC days are written to, where it is missing.

    Call it inside the transaction that writes to them, before it locks or writes. Ticks are
    always written; of days that have expired there are no candles by the minute.
    """
    TICKS.ensure(days)
    for each in (CANDLES_1M, CANDLES_5M):
        first_kept = each.first_day_kept()
        each.ensure(day for day in days if day >= first_kept)


def forget_partitions() -> None:
    """Look again: one that this process has seen is not there any more."""
    for each in ALL:
        each.forget()


def _utc_day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _day_named(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
