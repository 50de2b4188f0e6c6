"""The channel layer's link to one Redis host: it notices that it died, and comes back."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from channels_redis.pubsub import RedisSingleShardConnection
from channels_redis.utils import create_pool
from redis import asyncio as aioredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_SILENT_SECONDS = 3.0
"""Then we ask whether anybody is there, and wait as long again for the answer."""
_RETRY_SECONDS = 0.5


class BatchHandler(Protocol):
    """The layer, as a link sees it."""

    batch_channel: str

    def hand_out(self, packed: bytes) -> None:
        """Take a batch."""

    def reconnected(self) -> None:
        """The link was lost and is back."""


class ShardConnection(RedisSingleShardConnection):
    """The connection to one Redis host: blocks for messages instead of polling, and reconnects."""

    channel_layer: BatchHandler

    async def subscribe_many(self, names: list[str]) -> None:
        async with self._lock:
            new = [name for name in names if name not in self._subscribed_to]
            if new:
                self._ensure_redis()
                self._ensure_receiver()
                await self._pubsub.subscribe(*new)
                self._subscribed_to.update(new)

    async def unsubscribe_many(self, names: list[str]) -> None:
        async with self._lock:
            old = [name for name in names if name in self._subscribed_to]
            if old:
                self._ensure_redis()
                await self._pubsub.unsubscribe(*old)
                self._subscribed_to.difference_update(old)

    def _ensure_redis(self) -> None:
        if self._redis is None:
            pool = create_pool(self.host)
            self._redis: aioredis.Redis | None = aioredis.Redis(connection_pool=pool)
            self._pubsub = _ReportingPubSub(pool, on_again=self.channel_layer.reconnected)

    async def _do_receiving(self) -> None:
        is_lost = False
        while True:
            try:
                if self._pubsub.subscribed:
                    self._receive_message(await self._next_message())
                else:
                    await asyncio.sleep(0.05)
                is_lost = False
            except (RedisError, OSError) as error:
                if not is_lost:
                    log.warning("channel_layer_lost_redis", cause=error)
                is_lost = True
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                # Without this loop the process is deaf for good. Two who bring a lost link back
                # at once, say, get into each other's way, with a RuntimeError for one of them.
                log.exception("channel_layer_failed")
                await self._hang_up()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _next_message(self) -> dict[str, Any] | None:
        """What comes next; None for an answer to our ping. Raises where nothing comes at all.

        A link can be dead without a sign (a host that vanished, packets dropped on the
        way): who only listens would wait for ever.
        """
        message: dict[str, Any] | None = await self._pubsub.get_message(timeout=_SILENT_SECONDS)
        if message is None:
            await self._pubsub.ping()
            message = await self._pubsub.get_message(timeout=_SILENT_SECONDS)
        if message is None:
            await self._hang_up()
            raise RedisConnectionError("Redis does not answer.")
        return message if message["type"] == "message" else None

    async def _hang_up(self) -> None:
        """Begin with a new link; what was missed meanwhile is noticed by `reconnected`."""
        if self._pubsub.connection is not None:
            await self._pubsub.connection.disconnect(nowait=True)

    def _receive_message(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        if message["channel"] == self.channel_layer.batch_channel.encode():
            self.channel_layer.hand_out(message["data"])
        else:
            super()._receive_message(message)


class _ReportingPubSub(aioredis.client.PubSub):
    """redis-py's PubSub reconnects in silence; this one says so, once it is subscribed again.

    That is when a ping sent after the subscriptions is answered: what changes from then on is
    heard, and what changed before is there to be read.
    """

    def __init__(self, pool: aioredis.ConnectionPool, *, on_again: Callable[[], None]) -> None:
        super().__init__(pool)
        self._on_again = on_again
        self._is_to_be_said = False

    async def on_connect(self, connection: Any) -> None:
        await super().on_connect(connection)
        self._is_to_be_said = True
        await self.ping()

    async def handle_message(self, *args: Any, **kwargs: Any) -> Any:
        message = await super().handle_message(*args, **kwargs)  # type: ignore[no-untyped-call]
        if self._is_to_be_said and message is not None and message["type"] == "pong":
            self._is_to_be_said = False
            self._on_again()
        return message
