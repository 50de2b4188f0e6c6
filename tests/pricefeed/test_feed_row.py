import pytest
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connection

from pricefeed.models import Feed


@pytest.mark.django_db(transaction=True)
def test_a_flushed_database_counts_anew_in_another_epoch() -> None:
    before = Feed.objects.get()
    call_command(flush.Command(), interactive=False)
    assert Feed.objects.get().sequence == 0
    assert Feed.objects.get().epoch != before.epoch


@pytest.mark.django_db(transaction=True)
def test_the_tables_can_be_taken_back_and_made_again() -> None:
    try:
        call_command("migrate", "pricefeed", "zero", verbosity=0)
        assert "pricefeed_feed" not in connection.introspection.table_names()
    finally:
        call_command("migrate", "pricefeed", verbosity=0)
    assert Feed.objects.count() == 1
