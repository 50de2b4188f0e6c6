from django.apps import AppConfig


class SecuritiesConfig(AppConfig):
    """What can be watched: securities, their latest quotes, search."""

    name = "securities"
    verbose_name = "Securities"
