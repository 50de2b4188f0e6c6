"""The newest quotes in Redis: written by the publisher, read by hubs when a ticker is joined.

Beside them stands the *mark*: epoch and sequence up to which everything has been
published. It lives in the same Redis as the quotes, so a Redis that lost its
data has lost the mark as well, and the next run publishes everything again.
With the mark goes when that was, so that a new hub can say how long the feed has been silent.
"""

import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec
from django.conf import settings
from msgspec import UNSET, UnsetType
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pricefeed.delivery.wire import WireQuote
from securities.redis_client import redis_client

_TIMEOUT_SECONDS = 2.0

_QUOTES = "tickwatch:quotes"
_OWNERS = "tickwatch:quotes:owners"
_MARK = "tickwatch:mark"
_CATALOGUE = "tickwatch:quotes:catalogue"
_HEARD = "tickwatch:mark:heard"
_DELAYED = "tickwatch:mark:delayed"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(WireQuote).decode


class Mark(NamedTuple):
    """How far a counter has come: everything up to `sequence` of `epoch` is out."""

    epoch: str
    sequence: int


class Sign(NamedTuple):
    """The last that was heard of the feed: when (Unix time, seconds), and how its source was.

    `delayed_since` (milliseconds): in trouble since then.
    """

    at: float
    delayed_since: int | None


class LatestWriter:
    """The publisher's side; blocking, with time-outs."""

    def __init__(self) -> None:
        self._redis = redis_client(timeout_seconds=_TIMEOUT_SECONDS)

    def mark(self) -> Mark | None:
        """What has been published, or None when nothing is known."""
        return _parse_mark(cast("bytes | None", self._redis.get(_MARK)))

    def catalogue(self) -> str | None:
        """The version of the catalogue that the stored quotes were named by."""
        value = cast("bytes | None", self._redis.get(_CATALOGUE))
        return None if value is None else value.decode()

    def have_let_go(self, owners: Mapping[str, int]) -> bool:
        """Whether a ticker that was stored with an owner is not that security's any more."""
        stored = cast("dict[bytes, bytes]", self._redis.hgetall(_OWNERS))
        return any(owners.get(ticker.decode()) != int(owner) for ticker, owner in stored.items())

    def save(self, quotes: Sequence[WireQuote]) -> None:
        """Store quotes over those that were there."""
        if quotes:
            self._redis.hset(_QUOTES, mapping=_by_ticker(quotes))

    def save_all(self, quotes: Sequence[WireQuote], *, owners: Mapping[str, int]) -> None:
        """Store quotes, and the securities' keys by ticker, in the place of all that was there."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(_QUOTES, _OWNERS)
            if quotes:
                pipe.hset(_QUOTES, mapping=_by_ticker(quotes))
            if owners:
                pipe.hset(_OWNERS, mapping=dict(owners))
            pipe.execute()

    def set_mark(
        self, mark: Mark, *, catalogue: str, delayed_since: int | UnsetType | None = UNSET
    ) -> None:
        """Say that everything up to the mark is published, under this version of the catalogue.

        `delayed_since` (milliseconds): the feed's source has been in trouble since. Left out
        by who has asked no source.
        """
        said: dict[str, str | float] = {
            _MARK: f"{mark.epoch}:{mark.sequence}",
            _CATALOGUE: catalogue,
            _HEARD: time.time(),
        }
        if delayed_since is not UNSET:
            said[_DELAYED] = str(delayed_since or "")
        self._redis.mset(said)


class LatestReader:
    """The hub's side."""

    def __init__(self) -> None:
        self._redis = aioredis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), retries=1),
        )

    async def mark(self) -> Mark | None:
        """What has been published, or None when nothing is known."""
        return _parse_mark(await self._redis.get(_MARK))

    async def sign(self) -> Sign | None:
        """The last one of the feed, or None when nothing is known."""
        heard, delayed = await self._redis.mget(_HEARD, _DELAYED)
        return None if heard is None else Sign(float(heard), int(delayed) if delayed else None)

    async def read(self, tickers: Sequence[str]) -> list[WireQuote]:
        """The newest quotes of those tickers that are known here, in no order."""
        if not tickers:
            return []
        # redis-py types one method for both its clients.
        found = cast("Awaitable[list[bytes | None]]", self._redis.hmget(_QUOTES, list(tickers)))
        return [_decode(value) for value in await found if value]

    async def fill(self, quotes: Iterable[WireQuote]) -> None:
        """Store quotes read from Postgres, never over one that the publisher has stored."""
        pipe = self._redis.pipeline(transaction=False)
        for quote in quotes:
            pipe.execute_command("HSETNX", _QUOTES, quote.ticker, _encode(quote))
        await pipe.execute()

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()


def _by_ticker(quotes: Iterable[WireQuote]) -> dict[str, bytes]:
    return {quote.ticker: _encode(quote) for quote in quotes}


def _parse_mark(value: bytes | None) -> Mark | None:
    if value is None:
        return None
    epoch, _, sequence = value.decode().rpartition(":")
    return Mark(epoch, int(sequence))
