"""Every WebSocket address, and who may open it."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async

from accounts.tokens import Identity, TokenExpired, TokenInvalid, identify_many
from config.origin import OriginGuard
from config.refusal import NoSuchSocket
from pricefeed.api.feed_socket import FeedConsumer
from pricefeed.delivery.anomalies_socket import AnomaliesConsumer
from pricefeed.delivery.consumers import PricesConsumer, WatchlistConsumer
from pricefeed.delivery.gathered import Gathered
from pricefeed.delivery.sign_in import TokenRefused

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


routes: list[tuple[re.Pattern[str], Callable[[], AsyncConsumer]]] = [
    (re.compile(r"/ws/watchlist/?"), partial(WatchlistConsumer, authenticate=authenticate)),
    (re.compile(r"/ws/prices/?"), PricesConsumer),
    (re.compile(r"/ws/prices/(?P<ticker>.+?)/?"), PricesConsumer),
    (re.compile(r"/ws/anomalies/?"), AnomaliesConsumer),
    (re.compile(r"/ws/feed/?"), partial(FeedConsumer, authenticate=authenticate)),
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
