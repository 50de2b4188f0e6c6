"""The peer: what one writes first with Channels. Groups are tickers, users join them.

Each socket joins the group of each ticker it watches, and each price is sent to
each of its watchers as a message of its own. The layer is channels_redis' pub/sub
layer, the faster of its two. No sign-in, no database: it has the easier task.
"""

import os
from typing import Any
from urllib.parse import parse_qs

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

from bench.peers.plain_feed import PREFIX, group_of

if not settings.configured:
    settings.configure(
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": PREFIX},
            }
        },
    )
    django.setup()


class PlainConsumer(AsyncJsonWebsocketConsumer):
    """`/?tickers=A,B`."""

    async def connect(self) -> None:
        query = parse_qs(self.scope["query_string"].decode())
        self.watched = query["tickers"][0].split(",")
        layer = get_channel_layer()
        for ticker in self.watched:
            await layer.group_add(group_of(ticker), self.channel_name)
        await self.accept()
        await self.send_json({"type": "snapshot", "quotes": []})

    async def price_changed(self, event: dict[str, Any]) -> None:
        await self.send_json({"type": "prices", "quotes": [event["quote"]]})

    async def disconnect(self, code: int) -> None:
        layer = get_channel_layer()
        for ticker in self.watched:
            await layer.group_discard(group_of(ticker), self.channel_name)


application = ProtocolTypeRouter({"websocket": PlainConsumer.as_asgi()})
