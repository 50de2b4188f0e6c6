"""The feed of plain Channels: one `group_send` for each ticker and tick."""

import asyncio
import json
import os
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from bench.crowd.dialects import Tickwatch
from bench.market.plan import Address
from bench.peers.publishing import Messages, Peer

PREFIX = "plain"


def group_of(ticker: str) -> str:
    return f"price.{ticker}"


class Publisher:
    """Sends to the groups, through Redis; what is in Redis then is in Redis' hands."""

    def __init__(self, address: Address) -> None:
        layer = RedisPubSubChannelLayer(hosts=[os.environ["REDIS_URL"]], prefix=PREFIX)
        self._layer: Any = layer
        self._runner = asyncio.Runner()

    def publish(self, messages: Messages) -> None:
        self._runner.run(self._publish(messages))

    async def _publish(self, messages: Messages) -> None:
        for ticker, text in messages:
            message = {"type": "price.changed", "quote": json.loads(text)}
            await self._layer.group_send(group_of(ticker), message)


def path(tickers: tuple[str, ...]) -> str:
    return f"/?tickers={','.join(tickers)}"


PEER = Peer(path, Tickwatch, Publisher)
