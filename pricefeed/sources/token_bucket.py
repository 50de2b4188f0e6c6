"""How often a vendor may be asked: one token bucket in Redis for all workers."""

import math
from typing import cast

from redis import Redis

_LIFE_MS = 3_600_000

# By Redis' own clock, so that workers whose clocks differ share one.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local burst, per_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(held[1]) or burst, tonumber(held[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * per_ms)
local granted = tokens >= 1 and 1 or 0
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - granted), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return granted
"""


class SharedTokenBucket:
    """At most `requests_per_minute` in any minute, whoever asks and however often.

    A bucket that held a whole minute's requests would allow twice as many in a bad
    minute. So it holds what one period needs, and fills more slowly by just that:
    `burst` at once and `requests_per_minute - burst` in the minute after it.
    """

    def __init__(
        self, client: Redis, *, key: str, requests_per_minute: int, period_seconds: float
    ) -> None:
        share = period_seconds / (period_seconds + 60)  # where both give the same, the most
        self.burst = min(requests_per_minute, math.ceil((requests_per_minute + 1) * share))
        self._per_ms = (requests_per_minute - self.burst + 1) / 60_000
        self._key = key
        self._take = client.register_script(_TAKE)

    def take(self) -> bool:
        """Take a token for one request, if there is one. Raises RedisError: then nobody may."""
        answer = self._take(keys=[self._key], args=[self.burst, self._per_ms, _LIFE_MS])
        return bool(cast("int", answer))
