"""The newest quotes in Redis: written by the publisher, read by hubs when a ticker is joined.

Beside them stands the *mark*: epoch and sequence up to which everything has been
published. It lives in the same Redis as the quotes, so a Redis that lost its
data has lost the mark as well, and the next run publishes everything again.
With the mark goes when that was, so that a new hub can say how long the feed has been silent.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec
from django.conf import settings
from msgspec import UNSET, UnsetType
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pricefeed.delivery.wire import WireQuote
from securities import version
from securities.redis_client import redis_client

_TIMEOUT_SECONDS = 2.0

_QUOTES = "tickwatch:quotes"
_OWNERS = "tickwatch:quotes:owners"
_MARK = "tickwatch:mark"
_CATALOGUE = "tickwatch:quotes:catalogue"
_HEARD = "tickwatch:mark:heard"
_DELAYED = "tickwatch:mark:delayed"

_FILL = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return end
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) end
"""

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
        self._fill = self._redis.register_script(_FILL)

    async def mark(self) -> Mark | None:
        """What has been published, or None when nothing is known."""
        return _parse_mark(await self._redis.get(_MARK))

    async def sign(self) -> Sign | None:
        """The last one of the feed, or None when nothing is known."""
        heard, delayed = await self._redis.mget(_HEARD, _DELAYED)
        return None if heard is None else Sign(float(heard), int(delayed) if delayed else None)

    async def read(self, tickers: Sequence[str]) -> tuple[list[WireQuote], str]:
        """The newest quotes of those tickers that are known here, in no order.

        And the version of the catalogue: what is read from Postgres after this is named by it.
        """
        if not tickers:
            return [], ""
        pipe = self._redis.pipeline(transaction=False)
        pipe.get(version.KEY)
        pipe.hmget(_QUOTES, list(tickers))
        named_by, found = await pipe.execute()
        return [_decode(value) for value in found if value], (named_by or b"").decode()

    async def fill(self, quotes: Iterable[WireQuote], *, named_by: str) -> None:
        """Store quotes read from Postgres, never over one that the publisher has stored.

        Nor any under another version of the catalogue than they were named by: a security may
        have let go of its ticker since, and the publisher has cleared it away.
        """
        pairs = [text for quote in quotes for text in (quote.ticker, _encode(quote))]
        await self._fill(keys=[version.KEY, _QUOTES], args=[named_by, *pairs])

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
