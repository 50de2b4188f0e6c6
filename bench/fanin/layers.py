"""The two ways to bring a tick's group messages into a process, each with a channel layer."""

import os
from collections.abc import Sequence
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from pricefeed.delivery.layer import BatchedChannelLayer

Messages = Sequence[tuple[str, dict[str, Any]]]


class Packed:
    """Ours: a tick's messages in a few publishes."""

    title = "packed into a few publishes (`group_send_many`)"
    messages = 500_000
    """Sent in a round: enough for a CPU time that can be told, few enough to wait for."""

    def __init__(self) -> None:
        self._layer = BatchedChannelLayer(hosts=[os.environ["REDIS_URL"]], prefix="bench-packed")

    async def join(self, groups: Sequence[str]) -> None:
        """Make one channel a member of all these groups."""
        from pricefeed.delivery.messages import decode  # noqa: PLC0415  it imports models

        self._channel = await self._layer.new_channel()
        self._layer.read_as(self._channel, decode)
        await self._layer.group_add_many(groups, self._channel)

    async def send(self, messages: Messages) -> None:
        """A tick: each message to its group."""
        await self._layer.group_send_many(messages)

    async def receive(self) -> int:
        """Wait for messages and take what there is; returns how many."""
        return len(await self._layer.receive_many(self._channel))


class OneByOne:
    """Channels' own: one publish for each ticker."""

    title = "one publish for each ticker (`group_send`, Channels' own layer)"
    messages = 10_000

    def __init__(self) -> None:
        layer = RedisPubSubChannelLayer(hosts=[os.environ["REDIS_URL"]], prefix="bench-plain")
        self._layer: Any = layer

    async def join(self, groups: Sequence[str]) -> None:
        self._channel = await self._layer.new_channel()
        for group in groups:
            await self._layer.group_add(group, self._channel)

    async def send(self, messages: Messages) -> None:
        for group, message in messages:
            await self._layer.group_send(group, message)

    async def receive(self) -> int:
        await self._layer.receive(self._channel)
        return 1


Way = type[Packed] | type[OneByOne]
WAYS: tuple[Way, ...] = (Packed, OneByOne)
