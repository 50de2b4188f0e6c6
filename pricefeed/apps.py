from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class PricefeedConfig(AppConfig):
    """How prices move: sources, recording, delivery."""

    name = "pricefeed"
    verbose_name = "Price feed"

    def ready(self) -> None:
        post_migrate.connect(_create_feed, sender=self)


def _create_feed(*, using: str, apps: Any = apps, **_: object) -> None:
    """The counter exists from the start, and after `manage.py flush`: recording only updates it."""
    try:
        feed = apps.get_model("pricefeed", "Feed")
    except LookupError:  # its migrations have been taken back
        return
    feed.objects.using(using).get_or_create()
