"""What takes away what a test has committed, so that the next one finds nothing.

Django's own `flush` truncates, for which Postgres makes new files for every table and index,
and then has every app look for what belongs into new tables: a fifth of a second after each
of some six hundred tests. Here rows are deleted, and what describes the models stays.
"""

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import connections, transaction

from accounts.models import UntoldEnd
from pricefeed.models import Feed

_KEPT = {model._meta.db_table for model in (ContentType, Permission)}

_WRITTEN = UntoldEnd._meta.db_table
"""Postgres writes into it when users are deleted."""


class Command(flush.Command):
    """Stands in for `flush`, which Django's TransactionTestCase calls."""

    def handle(self, *, database: str, **_: Any) -> None:
        """Leave what a migrated database holds before anybody writes to it."""
        connection = connections[database]
        tables = set(connection.introspection.django_table_names()) - _KEPT
        quoted = map(connection.ops.quote_name, [*sorted(tables - {_WRITTEN}), _WRITTEN])
        # In one transaction, at whose end Postgres looks at foreign keys.
        with transaction.atomic(using=database), connection.cursor() as cursor:
            cursor.execute("".join(f"DELETE FROM {table};" for table in quoted))
            Feed.objects.using(database).create()
