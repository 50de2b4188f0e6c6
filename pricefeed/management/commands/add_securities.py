"""`manage.py add_securities`: the securities that are missing. Runs at every start."""

from typing import Any

from django.core.management.base import BaseCommand

from pricefeed import services
from pricefeed.sources.base import SourceError
from pricefeed.sources.registry import configured_source
from securities.catalogue import default_catalogue
from securities.services import securities_add_new


class Command(BaseCommand):
    """Unlike `load_securities` it never undoes what staff have corrected."""

    help = (
        "Add the securities of the default catalogue and of the price source that are not there "
        "yet. Those that are stay as they are. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """A source that cannot name its securities now is asked again every hour: no error."""
        added = securities_add_new(entries=default_catalogue())
        try:
            added += services.securities_update(source=configured_source())
        except SourceError as error:
            self.stderr.write(f"The price source's own securities were not added: {error}")
        self.stdout.write(f"Securities: {added} added.")
