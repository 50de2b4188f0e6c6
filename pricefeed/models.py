"""What the feed keeps: the counter that orders all changes, and every tick."""

import uuid

from django.db import models

from securities import money
from securities.models import Security


class Feed(models.Model):
    """The single row that counts recorded ticks.

    `sequence` is the number of the newest recorded tick of any ticker. Recording
    locks this row until it commits, so numbers become visible in their order.
    `epoch` names the life of the counter: a new database has a new one. `run_at` is
    when the last scheduled run began.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid.uuid4)
    sequence = models.BigIntegerField(default=0)
    run_at = models.DateTimeField(null=True)

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
