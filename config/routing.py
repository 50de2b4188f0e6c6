"""Every WebSocket address, and who may open it."""

from typing import Any

from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.urls import re_path

from accounts.tokens import Identity, TokenExpired, TokenInvalid, identify
from config.refusal import NoSuchSocket
from pricefeed.delivery.consumers import PricesConsumer, TokenRefused, WatchlistConsumer


@database_sync_to_async
def authenticate(token: str) -> Identity:
    """Who a token belongs to, as the delivery of prices wants it. Raises TokenRefused."""
    try:
        return identify(token)
    except TokenExpired:
        raise TokenRefused(is_expired=True) from None
    except TokenInvalid:
        raise TokenRefused(is_expired=False) from None


routes: list[Any] = [
    re_path(r"^ws/watchlist/?$", WatchlistConsumer.as_asgi(authenticate=authenticate)),
    re_path(r"^ws/prices/?$", PricesConsumer.as_asgi()),
    re_path(r"^ws/prices/(?P<ticker>[^/]+)/?$", PricesConsumer.as_asgi()),
    re_path(r"", NoSuchSocket.as_asgi()),
]
websocket = URLRouter(routes)
