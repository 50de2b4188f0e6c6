"""`manage.py maintain_history`: what the hourly job does, by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from pricefeed.partitions import TICKS
from pricefeed.services import history_maintain


class Command(BaseCommand):
    """Make the partitions of the days ahead, drop the expired ones."""

    help = "Make the history's partitions for the days ahead and drop the expired ones."

    def handle(self, *args: Any, **options: Any) -> None:
        history_maintain()
        days = sorted(TICKS.existing())
        self.stdout.write(f"History is kept by day, {len(days)} days: {days[0]} to {days[-1]}.")
