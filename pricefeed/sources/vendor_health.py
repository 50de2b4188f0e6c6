"""How it stands with a vendor: shared through Redis by those who ask and those who report."""

import random
from collections.abc import Callable
from typing import Self, cast

import msgspec
from redis import Redis

from pricefeed.sources.base import SourceError

_LIFE_MS = 7 * 24 * 3_600_000
_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 300.0
_LONGEST_ASKED_SECONDS = 3600.0
_HOPELESS_WAIT_SECONDS = 60.0


class VendorHealth(msgspec.Struct, frozen=True):
    """Times in milliseconds; 0 is never.

    `well_at`: when a run last ended without trouble. While there is trouble, `failures`
    in a row have begun after `failing_since`, and nobody asks before `again_at`.
    """

    well_at: int = 0
    failures: int = 0
    failing_since: int = 0
    again_at: int = 0
    reason: str = ""

    def well(self, *, now_ms: int) -> Self:
        """The vendor has answered, or had nothing to answer."""
        return type(self)(well_at=now_ms)

    def failed(
        self, error: SourceError, *, now_ms: int, chance: Callable[[], float] = random.random
    ) -> Self:
        """It has not; prices are late since it last did."""
        failures = self.failures + 1
        wait_ms = int(wait_seconds(error, failures=failures, chance=chance) * 1000)
        since = self.failing_since or self.well_at or now_ms
        return type(self)(self.well_at, failures, since, now_ms + wait_ms, str(error))

    def delayed_since(self, *, now_ms: int, patience_seconds: float) -> int | None:
        """Since when prices have been late, once that is longer than one bears in silence."""
        is_late = self.failures > 0 and now_ms - self.failing_since >= patience_seconds * 1000
        return self.failing_since if is_late else None


def wait_seconds(error: SourceError, *, failures: int, chance: Callable[[], float]) -> float:
    """How long to leave a vendor alone after so many failures in a row.

    As long as it asked for, up to an hour; else 1, 2, 4 … 300 seconds, and a minute at
    least where trying again cannot help. Some of it is random, so that the many who were
    cut off together do not come back together; it is never less than what was asked for.
    """
    if error.retry_after_seconds is not None:
        asked = min(max(error.retry_after_seconds, 0.0), _LONGEST_ASKED_SECONDS)
        return asked + max(1.0, asked / 10) * chance()
    doubled: float = _FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 20)
    longest = min(_LONGEST_WAIT_SECONDS, doubled)
    if not error.retryable:
        longest = max(longest, 2 * _HOPELESS_WAIT_SECONDS)
    return longest * (0.5 + chance() / 2)


class SharedVendorHealth:
    """The health in Redis; written by who holds the feed, read by anybody."""

    def __init__(self, client: Redis, *, key: str) -> None:
        self._redis, self._key = client, key

    def load(self) -> VendorHealth:
        """Nothing bad is known of a vendor of whom nothing is known."""
        value = cast("bytes | None", self._redis.get(self._key))
        return VendorHealth() if value is None else msgspec.json.decode(value, type=VendorHealth)

    def save(self, health: VendorHealth) -> None:
        """Kept for a week."""
        self._redis.set(self._key, msgspec.json.encode(health), px=_LIFE_MS)
