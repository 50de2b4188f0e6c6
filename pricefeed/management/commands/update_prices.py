"""One run of the feed by hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pricefeed import services
from pricefeed.sources.base import SourceError
from pricefeed.sources.registry import configured_source


class Command(BaseCommand):
    """`manage.py update_prices`: fetch, record and publish once, now."""

    help = "Fetch prices from the source once, record and publish them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses while a scheduled run is under way."""
        try:
            update = services.prices_update(source=configured_source())
        except SourceError as error:
            raise CommandError(str(error)) from error
        if update is None:
            raise CommandError("Another run is under way. Try again in a moment.")
        self.stdout.write(f"{update.ticks} ticks recorded, {update.published} quotes published.")
