"""How many anomalies were found, since ever: the rows go with the history."""

from django.db import migrations, models

_COUNT = """
UPDATE pricefeed_feed
   SET anomalies_up = (SELECT count(*) FROM pricefeed_anomaly WHERE direction = 'up'),
       anomalies_down = (SELECT count(*) FROM pricefeed_anomaly WHERE direction = 'down')
"""


class Migration(migrations.Migration):
    dependencies = [("pricefeed", "0004_candles")]

    operations = [
        migrations.AddField("feed", "anomalies_up", models.BigIntegerField(default=0)),
        migrations.AddField("feed", "anomalies_down", models.BigIntegerField(default=0)),
        migrations.RunSQL(_COUNT, migrations.RunSQL.noop),
    ]
