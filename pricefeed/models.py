"""What the feed keeps: the counter that orders all changes, every tick, and what they showed."""

import uuid
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models

from securities import money
from securities.models import Security


class Feed(models.Model):
    """The single row that counts recorded ticks.

    `sequence` is the number of the newest recorded tick of any ticker. Recording
    locks this row until it commits, so numbers become visible in their order.
    `epoch` names the life of the counter (see docs/architecture.md). `run_at` is
    when the last scheduled run began. `anomalies_up` and `anomalies_down` count those that
    were found since ever, of which only the newest are kept.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid.uuid4)
    sequence = models.BigIntegerField(default=0)
    run_at = models.DateTimeField(null=True)
    anomalies_up = models.BigIntegerField(default=0)
    anomalies_down = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="feed_is_a_single_row"),
        )

    def __str__(self) -> str:
        return f"{self.epoch}:{self.sequence}"


class Tick(models.Model):
    """One recorded price. Append-only; the table is partitioned by the UTC day of `at`.

    The key begins with the security and the time, so a ticker's newest ticks are
    read from the end of one partition's index.
    """

    pk = models.CompositePrimaryKey("security_id", "at", "sequence")
    security = models.ForeignKey(
        Security, on_delete=models.DO_NOTHING, db_constraint=False, related_name="ticks"
    )
    at = models.DateTimeField()
    sequence = models.BigIntegerField()
    price = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)

    class Meta:
        managed = False  # Django cannot create partitioned tables; the migration does
        db_table = "pricefeed_tick"

    def __str__(self) -> str:
        return f"{self.security_id} {self.at:%H:%M:%S} {self.price}"


class Candle(models.Model):
    """What the ticks of one security within an interval come to; see pricefeed.recording.candles.

    `start` is where the interval begins (UTC). The ticks are in order of their time, then
    their sequence; those of the first and the last one say which open and close count
    when late ticks or other batches join. `high`, `low` and `count` need nothing more.

    Rows are updated in place (HOT): no index but the key, and room on their pages.
    """

    SECONDS: int
    """How long the interval is."""

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    pk = models.CompositePrimaryKey("security_id", "start")
    security = models.ForeignKey(
        Security, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    start = models.DateTimeField()
    count = models.BigIntegerField()
    first_at = models.DateTimeField()
    first_sequence = models.BigIntegerField()
    last_at = models.DateTimeField()
    last_sequence = models.BigIntegerField()
    open = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)
    high = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)
    low = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)
    close = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.security_id} {self.start:%Y-%m-%d %H:%M} {self.close}"


class MinuteCandle(Candle):
    """One minute; partitioned by the UTC day, as ticks are."""

    SECONDS = 60

    class Meta:
        managed = False
        db_table = "pricefeed_candle_1m"


class FiveMinuteCandle(Candle):
    """Five minutes; partitioned by the UTC day, as ticks are."""

    SECONDS = 300

    class Meta:
        managed = False
        db_table = "pricefeed_candle_5m"


class HourCandle(Candle):
    """One hour; kept for ever."""

    SECONDS = 3600

    class Meta:
        db_table = "pricefeed_candle_1h"


class DayCandle(Candle):
    """One UTC day; kept for ever."""

    SECONDS = 86_400

    class Meta:
        db_table = "pricefeed_candle_1d"


CANDLES: dict[str, type[Candle]] = {
    "1m": MinuteCandle,
    "5m": FiveMinuteCandle,
    "1h": HourCandle,
    "1d": DayCandle,
}
"""By the name of the interval, shortest first; each interval is so many of the one before it."""


class StreamPosition(models.Model):
    """How far a partition of the pushed ticks has been recorded; see pricefeed.recording.positions.

    `dropped` counts the ticks that the bound on what waits has cost, since ever.
    """

    partition = models.PositiveSmallIntegerField(primary_key=True)
    epoch = models.CharField(max_length=32, default="")
    last_id = models.CharField(max_length=48, default="0-0")
    taken = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.partition}: {self.last_id}"


class Direction(models.TextChoices):
    """Where a price jumped to."""

    UP = "up"
    DOWN = "down"


class Anomaly(models.Model):
    """A spike: one jump of a price, however many ticks saw it; see pricefeed.recording.analytics.

    `at` and `price` are of the tick that it was seen by; `reference` is the lowest (up) or
    the highest price (down) shortly before, which it jumped from. Anomalies are never
    changed, and their ids grow in the order in which they become visible, since they are
    written while the counter is locked: who has read up to an id has missed nothing.
    """

    security = models.ForeignKey(
        Security, on_delete=models.CASCADE, db_index=False, related_name="anomalies"
    )
    direction = models.CharField(max_length=4, choices=Direction)
    at = models.DateTimeField()
    price = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)
    reference = models.DecimalField(
        max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS
    )

    class Meta:
        verbose_name_plural = "anomalies"
        indexes = (
            models.Index(fields=("security", "id"), name="anomaly_page"),
            models.Index(fields=("security", "at"), name="anomaly_neighbours"),
        )

    def __str__(self) -> str:
        return f"{self.security_id} {self.at:%H:%M:%S} {self.direction} {self.price}"

    @property
    def pct_change(self) -> Decimal:
        """From the reference to the price, in percent of the reference, two decimals."""
        return money.pct_change(self.price, self.reference)


class AnalyticsShard(models.Model):
    """Which state of a shard's analytics is the committed one; see pricefeed.recording.analytics.

    `version` is random and drawn anew by each transaction that changes the shard, so
    the copy in Redis that bears it was written by exactly that transaction.
    """

    number = models.PositiveSmallIntegerField(primary_key=True)
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.number}: {self.version}"
