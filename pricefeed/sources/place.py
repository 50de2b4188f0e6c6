"""Where a replay is, kept in Redis so that all worker processes play one replay together."""

from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple, Self

import msgspec
import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from securities.redis_client import redis_client

log = structlog.get_logger(__name__)

_SHORTEST_LIFE_SECONDS = 60


class Place(NamedTuple):
    """The pass through the file that began then, played up to and including that moment."""

    begins: datetime
    played: datetime


class SharedPlace:
    """The place of one replay. It is forgotten when nobody has played for a while.

    Redis is not needed: while it is away nothing is known and nothing kept, and a
    process that has played goes on from what it remembers itself.
    """

    def __init__(self, client: Redis, *, name: str, life_seconds: float) -> None:
        digest = blake2b(name.encode(), digest_size=8).hexdigest()
        self._redis, self._key = client, f"tickwatch:replay:{digest}"
        self._life_ms = int(life_seconds * 1000)

    @classmethod
    def from_settings(cls, *, name: str) -> Self:
        """In REDIS_URL; forgotten after a minute, or three periods if that is more."""
        life_seconds = max(_SHORTEST_LIFE_SECONDS, 3 * settings.PRICE_UPDATE_SECONDS)
        return cls(redis_client(), name=name, life_seconds=life_seconds)

    def load(self) -> Place | None:
        """The place, or None where none is known."""
        try:
            value: bytes | None = self._redis.get(self._key)  # type: ignore[assignment]
        except RedisError as error:
            log.warning("replay_place_away", cause=error)
            return None
        return None if value is None else msgspec.json.decode(value, type=Place)

    def save(self, place: Place) -> None:
        """Keep the place, and begin its life anew."""
        try:
            self._redis.set(self._key, msgspec.json.encode(place), px=self._life_ms)
        except RedisError as error:
            log.warning("replay_place_away", cause=error)
