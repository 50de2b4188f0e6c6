"""Candles: of minutes and five minutes in partitions by day, of hours and days for ever."""

import django.db.models.deletion
from django.db import migrations, models

CREATE_PARTITIONED = """
CREATE TABLE {table} (
    security_id bigint NOT NULL,
    start timestamptz NOT NULL,
    count bigint NOT NULL,
    first_at timestamptz NOT NULL,
    first_sequence bigint NOT NULL,
    last_at timestamptz NOT NULL,
    last_sequence bigint NOT NULL,
    open numeric(18, 6) NOT NULL,
    high numeric(18, 6) NOT NULL,
    low numeric(18, 6) NOT NULL,
    close numeric(18, 6) NOT NULL,
    PRIMARY KEY (security_id, start)
) PARTITION BY RANGE (start)
"""
LEAVE_ROOM = "ALTER TABLE {table} SET (fillfactor = 50)"
PARTITIONED = ("pricefeed_candle_1m", "pricefeed_candle_5m")
KEPT = ("pricefeed_candle_1h", "pricefeed_candle_1d")


def candle(name, table, **options):
    """The model of an interval; partitioned tables are made by SQL and known by name only."""
    fields = [
        (
            "pk",
            models.CompositePrimaryKey(
                "security_id",
                "start",
                blank=True,
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        ("start", models.DateTimeField()),
        ("count", models.BigIntegerField()),
        ("first_at", models.DateTimeField()),
        ("first_sequence", models.BigIntegerField()),
        ("last_at", models.DateTimeField()),
        ("last_sequence", models.BigIntegerField()),
        *(
            (price, models.DecimalField(decimal_places=6, max_digits=18))
            for price in ("open", "high", "low", "close")
        ),
    ]
    if options.get("managed", True):
        security = models.ForeignKey(
            db_constraint=False,
            db_index=False,
            on_delete=django.db.models.deletion.DO_NOTHING,
            related_name="+",
            to="securities.security",
        )
        fields.insert(1, ("security", security))
    return migrations.CreateModel(name=name, fields=fields, options={"db_table": table, **options})


class Migration(migrations.Migration):
    dependencies = [
        ("pricefeed", "0003_anomalies"),
        ("securities", "0002_quote_storage"),
    ]

    operations = [
        *(
            migrations.RunSQL(CREATE_PARTITIONED.format(table=table), f"DROP TABLE {table}")
            for table in PARTITIONED
        ),
        candle("MinuteCandle", "pricefeed_candle_1m", managed=False),
        candle("FiveMinuteCandle", "pricefeed_candle_5m", managed=False),
        candle("HourCandle", "pricefeed_candle_1h"),
        candle("DayCandle", "pricefeed_candle_1d"),
        *(
            migrations.RunSQL(LEAVE_ROOM.format(table=table), migrations.RunSQL.noop)
            for table in KEPT
        ),
    ]
