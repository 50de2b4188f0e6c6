"""Leave room on the quotes' pages: rewriting a row in place needs no new index entry (HOT)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("securities", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE securities_quote SET (fillfactor = 50, "
            "autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0)",
            "ALTER TABLE securities_quote RESET (fillfactor, "
            "autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay)",
        ),
    ]
