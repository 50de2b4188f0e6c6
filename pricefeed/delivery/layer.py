"""The channel layer: Redis pub/sub with a packed transport for many group messages.

Channels' own layer publishes one Redis command for each message to a group, so
a tick of 5,000 tickers costs 5,000 commands and as many wake-ups in every
process. `group_send_many` packs a tick's messages into a few publishes on one
Redis channel that every process hears; on arrival each message is handed to the
local members of its group, and messages for groups without any are never
decoded. Plain `group_send`, `send` and `receive` work as ever.

Delivery is at most once, as with any pub/sub: who must not miss a thing notices
the gap (prices carry a sequence) or asks again after `on_reconnect`.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
import structlog
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.utils import _wrap_close
from redis.exceptions import RedisError

from pricefeed.delivery.shard import ShardConnection

log = structlog.get_logger(__name__)

Message = dict[str, Any]
Decode = Callable[[Any], Any]
"""From MessagePack, bytes or `msgspec.Raw`, to what a channel's reader wants."""

MESSAGES_PER_PUBLISH = 500
"""Larger ones cost the receiver more a message: what they unpack to outgrows its caches."""


class Batch(msgspec.Struct, array_like=True):
    """Many group messages in one publish; the i-th message is for the i-th group channel."""

    groups: list[str]
    messages: list[msgspec.Raw]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Batch).decode
_unpack_message = msgspec.msgpack.Decoder(Message).decode


class BatchedChannelLayer(RedisPubSubChannelLayer):
    """The layer named in CHANNEL_LAYERS; holds one `BatchedLoopLayer` for each event loop."""

    def _get_layer(self) -> "BatchedLoopLayer":
        loop = asyncio.get_running_loop()
        layer: BatchedLoopLayer | None = self._layers.get(loop)
        if layer is None:
            layer = BatchedLoopLayer(*self._args, **self._kwargs, channel_layer=self)
            self._layers[loop] = layer
            _wrap_close(self, loop)
        return layer

    async def group_send_many(
        self, messages: Sequence[tuple[str, Message | msgspec.Struct]]
    ) -> None:
        """Send each message to its group, packed; in order, also across the publishes."""
        await self._get_layer().group_send_many(messages)

    async def group_add_many(self, groups: Iterable[str], channel: str) -> None:
        """Join several groups with one Redis command."""
        await self._get_layer().group_add_many(groups, channel)

    async def group_discard_many(self, groups: Iterable[str], channel: str) -> None:
        """Leave several groups with one Redis command."""
        await self._get_layer().group_discard_many(groups, channel)

    def read_as(self, channel: str, decode: Decode) -> None:
        """What comes to a channel is decoded by this, not into dictionaries.

        What it refuses with a `msgspec.MsgspecError` is left out and logged.
        """
        self._get_layer().decoders[channel] = decode

    async def receive_many(self, channel: str) -> list[Any]:
        """Wait for messages, then take all that have arrived, in order."""
        return await self._get_layer().receive_many(channel)

    def hand_to(self, channel: str, messages: list[Any]) -> None:
        """Give messages to a channel of this process, without Redis; none if it is gone."""
        queue = self._get_layer().channels.get(channel)
        if queue is not None:
            queue.put_nowait(messages)

    async def drop_channel(self, channel: str) -> None:
        """Nobody will read this channel again: it leaves its groups and keeps no messages."""
        await self._get_layer().drop_channel(channel)

    def on_reconnect(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever this loop's link to Redis was lost and is back."""
        self._get_layer().on_reconnect = listener


class BatchedLoopLayer(RedisPubSubLoopLayer):
    """One event loop's part of the layer: its channels, its groups, its connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch_channel = f"{self.prefix}__batch__"
        self.groups: dict[str, frozenset[str]] = {}
        self.decoders: dict[str, Decode] = {}
        self._leftovers: dict[str, deque[Any]] = {}
        self._shards: list[ShardConnection] = [
            ShardConnection(plain.host, self) for plain in self._shards
        ]

    # -- Sending -----------------------------------------------------------------------------

    async def group_send_many(
        self, messages: Sequence[tuple[str, Message | msgspec.Struct]]
    ) -> None:
        shard = self._get_shard(self.batch_channel)
        for part in _parts(messages, MESSAGES_PER_PUBLISH):
            batch = Batch(
                [self._get_group_channel_name(group) for group, _ in part],
                [msgspec.Raw(_pack(message)) for _, message in part],
            )
            await shard.publish(self.batch_channel, _pack(batch))

    # -- Groups ------------------------------------------------------------------------------

    async def group_add(self, group: str, channel: str) -> None:
        await self.group_add_many([group], channel)

    async def group_add_many(self, groups: Iterable[str], channel: str) -> None:
        if channel not in self.channels:
            raise RuntimeError(f"{channel!r} is not a channel of this process.")
        names = [self._get_group_channel_name(group) for group in groups]
        for name in names:
            self.groups[name] = _joined_by(self.groups.get(name, frozenset()), channel)
        await self._get_shard(self.batch_channel).subscribe(self.batch_channel)
        for shard, its_names in self._by_shard(names):
            await shard.subscribe_many(its_names)

    async def group_discard(self, group: str, channel: str) -> None:
        await self.group_discard_many([group], channel)

    async def group_discard_many(self, groups: Iterable[str], channel: str) -> None:
        await self._leave([self._get_group_channel_name(group) for group in groups], channel)

    async def drop_channel(self, channel: str) -> None:
        joined = [name for name, members in self.groups.items() if channel in members]
        try:
            await self._leave(joined, channel)
        except (RedisError, OSError) as error:
            log.warning("groups_not_left", cause=error)
        await self._forget(channel)

    async def _leave(self, names: list[str], channel: str) -> None:
        empty = []
        for name in names:
            if name not in self.groups:
                continue
            if left := _left_by(self.groups[name], channel):
                self.groups[name] = left
            else:
                del self.groups[name]
                empty.append(name)
        for shard, its_names in self._by_shard(empty):
            await shard.unsubscribe_many(its_names)

    def _by_shard(self, names: list[str]) -> Iterator[tuple[ShardConnection, list[str]]]:
        if len(self._shards) == 1:
            yield self._shards[0], names
            return
        for shard in self._shards:
            yield shard, [name for name in names if self._get_shard(name) is shard]

    # -- Receiving ---------------------------------------------------------------------------

    async def _subscribe_to_channel(self, channel: str) -> None:
        """As Channels', which keeps the channel also where Redis is away and nobody reads it."""
        try:
            await super()._subscribe_to_channel(channel)
        except BaseException:
            self.channels.pop(channel, None)
            raise

    def hand_out(self, packed: bytes) -> None:
        """Give each message of a batch to the local members of its group."""
        try:
            batch = _unpack(packed)
        except msgspec.MsgspecError as error:  # nobody of ours has sent that
            log.warning("batch_not_understood", cause=error)
            return
        inboxes: defaultdict[str, list[msgspec.Raw]] = defaultdict(list)
        members_of_each = map(self.groups.get, batch.groups)
        for members, raw in zip(members_of_each, batch.messages, strict=False):
            if members is not None:
                for channel in members:
                    inboxes[channel].append(raw)
        for channel, raws in inboxes.items():
            if channel in self.channels:
                self.channels[channel].put_nowait(self._decoded(channel, raws))

    def _decoded(self, channel: str, raws: Sequence[msgspec.Raw | bytes]) -> list[Any]:
        decode = self.decoders.get(channel, _unpack_message)
        try:
            return [decode(raw) for raw in raws]
        except msgspec.MsgspecError as error:
            if len(raws) == 1:  # of another version of ours, or from somebody else
                log.warning("message_not_understood", channel=channel, cause=error)
                return []
            return [message for raw in raws for message in self._decoded(channel, [raw])]

    async def receive(self, channel: str) -> Message:
        leftovers = self._leftovers.setdefault(channel, deque())
        while not leftovers:
            leftovers.extend(await self._next(channel))
        message: Message = leftovers.popleft()
        return message

    async def receive_many(self, channel: str) -> list[Any]:
        messages = [*self._leftovers.pop(channel, ()), *await self._next(channel)]
        queue = self.channels[channel]
        while not queue.empty():
            messages += self._unwrapped(channel, queue.get_nowait())
        return messages

    async def _next(self, channel: str) -> list[Any]:
        """The next entry of a channel's queue: one plain message, or a batch's share."""
        if channel not in self.channels:
            await self._subscribe_to_channel(channel)
        try:
            return self._unwrapped(channel, await self.channels[channel].get())
        except asyncio.CancelledError:
            # Whoever waited here is leaving: Channels has no other sign of a channel's end.
            await self._forget(channel)
            raise

    def _unwrapped(self, channel: str, entry: bytes | list[Any]) -> list[Any]:
        if isinstance(entry, list):
            return entry
        try:
            message: Message = self.channel_layer.deserialize(entry)
        except Exception as error:  # noqa: BLE001  whatever a stranger has published
            log.warning("message_not_understood", channel=channel, cause=error)
            return []
        return self._decoded(channel, [_pack(message)]) if channel in self.decoders else [message]

    async def _forget(self, channel: str) -> None:
        self._leftovers.pop(channel, None)
        self.decoders.pop(channel, None)
        if self.channels.pop(channel, None) is not None:
            try:
                await self._get_shard(channel).unsubscribe(channel)
            except (RedisError, OSError) as error:
                log.warning("channel_not_unsubscribed", cause=error)

    def reconnected(self) -> None:
        """The link is back; whatever was published meanwhile has been missed."""
        if self.on_reconnect is not None:
            self.on_reconnect()


# A process' groups mostly have the same members, its hub alone: one set stands for all, which
# is at hand when a message comes, where thousands would not be.


@lru_cache(maxsize=64)
def _joined_by(members: frozenset[str], channel: str) -> frozenset[str]:
    return members | {channel}


@lru_cache(maxsize=64)
def _left_by(members: frozenset[str], channel: str) -> frozenset[str]:
    return members - {channel}


def _parts(
    messages: Sequence[tuple[str, Message | msgspec.Struct]], size: int
) -> Iterator[list[tuple[str, Message | msgspec.Struct]]]:
    rest = iter(messages)
    while part := list(islice(rest, size)):
        yield part
