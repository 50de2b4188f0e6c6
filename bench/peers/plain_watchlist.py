"""The peer of joining: a signed-in watchlist, written the way one writes it first.

On our models and tokens, so that the work is the same; but each consumer asks the
database by itself, and joins the group of each of its tickers.
"""

import os
from typing import Any

import django
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

settings.CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": "plain"},
    }
}
django.setup()

from accounts.selectors import user_for_token  # noqa: E402  needs Django to be set up
from bench.peers.plain_feed import group_of  # noqa: E402
from securities.money import abs_change, pct_change, price_text  # noqa: E402
from securities.times import milliseconds  # noqa: E402
from watchlists.selectors import WatchedSecurity, watchlist_items  # noqa: E402


class PlainWatchlistConsumer(AsyncJsonWebsocketConsumer):
    """`/ws/watchlist`, with the token in the header."""

    watched: tuple[str, ...] = ()

    async def connect(self) -> None:
        token = dict(self.scope["headers"])[b"authorization"].decode().partition(" ")[2]
        user = await database_sync_to_async(user_for_token)(token)
        items = await database_sync_to_async(watchlist_items)(user.pk)
        self.watched = tuple(item.security.ticker for item in items)
        layer = get_channel_layer()
        for ticker in self.watched:
            await layer.group_add(group_of(ticker), self.channel_name)
        await self.accept()
        await self.send_json({"type": "snapshot", "quotes": [_quote(item) for item in items]})

    async def price_changed(self, event: dict[str, Any]) -> None:
        await self.send_json({"type": "prices", "quotes": [event["quote"]]})

    async def disconnect(self, code: int) -> None:
        layer = get_channel_layer()
        for ticker in self.watched:
            await layer.group_discard(group_of(ticker), self.channel_name)


def _quote(item: WatchedSecurity) -> dict[str, Any]:
    security, quote = item.security, item.quote
    assert quote is not None
    return {
        "ticker": security.ticker,
        "name": security.name,
        "currency": security.currency,
        "price": price_text(quote.price),
        "previous_close": price_text(quote.previous_close),
        "abs_change": price_text(abs_change(quote.price, quote.previous_close)),
        "pct_change": str(pct_change(quote.price, quote.previous_close)),
        "updated_at": milliseconds(quote.updated_at),
        "sequence": quote.sequence,
    }


application = ProtocolTypeRouter({"websocket": PlainWatchlistConsumer.as_asgi()})
