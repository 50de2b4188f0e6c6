"""The version of the catalogue: a text in Redis that every change of securities replaces.

Whoever keeps something derived from securities (the search index, users' lists)
remembers the version it was made under, and throws it away under another one.
The text has no order and no meaning but to be equal or not.
"""

import uuid

from securities.redis_client import redis_client

KEY = "tickwatch:securities:version"
"""The whole Redis key, for those who read it together with keys of their own."""


def current() -> str:
    """The version; "" before the first change. Raises RedisError."""
    value: bytes | None = redis_client().get(KEY)  # type: ignore[assignment]  # typed for asyncio, too
    return (value or b"").decode()


def bump() -> None:
    """Begin a new version. Call it after the commit. Raises RedisError."""
    redis_client().set(KEY, uuid.uuid4().hex)
