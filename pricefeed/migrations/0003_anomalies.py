"""The spikes that were found, and the version of each shard of what finds them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pricefeed", "0002_stream_positions"),
        ("securities", "0002_quote_storage"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnalyticsShard",
            fields=[
                ("number", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Anomaly",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "direction",
                    models.CharField(choices=[("up", "Up"), ("down", "Down")], max_length=4),
                ),
                ("at", models.DateTimeField()),
                ("price", models.DecimalField(decimal_places=6, max_digits=18)),
                ("reference", models.DecimalField(decimal_places=6, max_digits=18)),
                (
                    "security",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="anomalies",
                        to="securities.security",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "anomalies",
                "indexes": [
                    models.Index(fields=["security", "id"], name="anomaly_page"),
                    models.Index(fields=["security", "at"], name="anomaly_neighbours"),
                ],
            },
        ),
    ]
