from django.apps import AppConfig


class PricefeedConfig(AppConfig):
    """How prices move: sources, recording, delivery."""

    name = "pricefeed"
    verbose_name = "Price feed"
