"""How far each stream of pushed ticks has been recorded."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricefeed", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="StreamPosition",
            fields=[
                (
                    "partition",
                    models.PositiveSmallIntegerField(primary_key=True, serialize=False),
                ),
                ("epoch", models.CharField(default="", max_length=32)),
                ("last_id", models.CharField(default="0-0", max_length=48)),
                ("taken", models.BigIntegerField(default=0)),
                ("dropped", models.BigIntegerField(default=0)),
            ],
        ),
    ]
