"""Every WebSocket address, and who may open it."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer

from accounts.claims import Claims, TokenExpired, TokenInvalid, token_claims
from config.origin import OriginGuard
from config.refusal import NoSuchSocket
from pricefeed.api.feed_socket import FeedConsumer
from pricefeed.delivery.anomalies_socket import AnomaliesConsumer
from pricefeed.delivery.consumers import PricesConsumer, WatchlistConsumer
from pricefeed.delivery.identity import TokenRefused


def identify(token: str) -> Claims:
    """Whose token it is, as the delivery of prices wants it. Raises TokenRefused."""
    try:
        return token_claims(token)
    except TokenInvalid as refused:
        raise TokenRefused(is_expired=isinstance(refused, TokenExpired)) from None


routes: list[tuple[re.Pattern[str], Callable[[], AsyncConsumer]]] = [
    (re.compile(r"/ws/watchlist/?"), partial(WatchlistConsumer, identify=identify)),
    (re.compile(r"/ws/prices/?"), PricesConsumer),
    (re.compile(r"/ws/prices/(?P<ticker>.+?)/?"), PricesConsumer),
    (re.compile(r"/ws/anomalies/?"), AnomaliesConsumer),
    (re.compile(r"/ws/feed/?"), partial(FeedConsumer, identify=identify)),
    (re.compile(r".*", re.DOTALL), NoSuchSocket),
]


def by_address(scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
    """As Channels' URLRouter, but it hands over instead of waiting (see config.door)."""
    make_consumer, found = next(
        (make_consumer, found)
        for pattern, make_consumer in routes
        if (found := pattern.fullmatch(scope["path"]))
    )
    scope["url_route"] = {"args": (), "kwargs": found.groupdict()}
    served: Awaitable[None] = make_consumer()(scope, receive, send)
    return served


websocket = OriginGuard(by_address)
