"""Every WebSocket address, and who may open it."""

from typing import Any

from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.urls import re_path

from accounts.tokens import Identity, TokenExpired, TokenInvalid, identify_many
from config.origin import OriginGuard
from config.refusal import NoSuchSocket
from pricefeed.delivery.consumers import PricesConsumer, TokenRefused, WatchlistConsumer
from pricefeed.delivery.gathered import Gathered

_TOKENS_AT_A_TIME = 200
_identities: Gathered[str, Identity | TokenInvalid] = Gathered(
    database_sync_to_async(identify_many), at_most=_TOKENS_AT_A_TIME
)


async def authenticate(token: str) -> Identity:
    """Who a token belongs to, as the delivery of prices wants it. Raises TokenRefused."""
    found = await _identities.get(token)
    if isinstance(found, TokenInvalid):
        raise TokenRefused(is_expired=isinstance(found, TokenExpired))
    return found


routes: list[Any] = [
    re_path(r"^ws/watchlist/?$", WatchlistConsumer.as_asgi(authenticate=authenticate)),
    re_path(r"^ws/prices/?$", PricesConsumer.as_asgi()),
    re_path(r"^ws/prices/(?P<ticker>[^/]+)/?$", PricesConsumer.as_asgi()),
    re_path(r"", NoSuchSocket.as_asgi()),
]
websocket = OriginGuard(URLRouter(routes))
