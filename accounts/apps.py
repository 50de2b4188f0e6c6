from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who the users are: model, sign-in, tokens."""

    name = "accounts"
