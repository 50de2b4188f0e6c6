"""`manage.py rebuild_candles`: candles of what was recorded before there were any."""

from typing import Any

from django.core.management.base import BaseCommand

from pricefeed.recording.rebuilding import rebuild_candles


class Command(BaseCommand):
    """Once after an update that brings candles; never needed again."""

    help = (
        "Make the candles of every day in the history from its ticks. Safe to repeat. Prices that "
        "come meanwhile are recorded between two days, so they may wait."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what it has done, and what it could not do."""
        rebuilt = rebuild_candles()
        self.stdout.write(f"Candles: {rebuilt.days} days from {rebuilt.ticks:,} ticks.")
        if rebuilt.left:
            self.stdout.write(
                f"The candles of {rebuilt.left:,} securities and days know of more ticks than "
                "the history still has, and were left as they are."
            )
