"""The feed's counter and the partitioned table of ticks."""

import uuid

from django.db import migrations, models

CREATE_TICKS = """
CREATE TABLE pricefeed_tick (
    security_id bigint NOT NULL,
    at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    price numeric(18, 6) NOT NULL,
    PRIMARY KEY (security_id, at, sequence)
) PARTITION BY RANGE (at)
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("securities", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Feed",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("epoch", models.UUIDField(default=uuid.uuid4)),
                ("sequence", models.BigIntegerField(default=0)),
                ("run_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="feed_is_a_single_row"
                    )
                ],
            },
        ),
        migrations.RunSQL(CREATE_TICKS, "DROP TABLE pricefeed_tick"),
        migrations.CreateModel(
            name="Tick",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "security_id",
                        "at",
                        "sequence",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("sequence", models.BigIntegerField()),
                ("price", models.DecimalField(decimal_places=6, max_digits=18)),
            ],
            options={"db_table": "pricefeed_tick", "managed": False},
        ),
    ]
