from django.apps import AppConfig


class WatchlistsConfig(AppConfig):
    """Who watches what."""

    name = "watchlists"
