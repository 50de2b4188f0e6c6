"""What one client may take of a server process: sockets, and messages a second.

Everything is counted in the process: a client of several processes has as many times
as much. That keeps opening a socket free of another round trip, and is enough to keep
one client from taking what is meant for all.
"""

import time
from collections import Counter

BURST_SECONDS = 2.0
"""Who has been quiet may say at once what would be allowed in this time."""


class Addresses:
    """How many sockets each network address has open."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, address: str, *, allowed: int) -> bool:
        """Count a socket; False, and it is not counted, where it is one too many."""
        if self._open[address] >= allowed:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A counted socket has ended."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class TokenBucket:
    """How fast one client speaks: a token bucket that holds BURST_SECONDS' worth of messages."""

    __slots__ = ("_left", "_per_second", "_spoke_at")

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left = per_second * BURST_SECONDS
        self._spoke_at = time.monotonic()

    def take(self) -> bool:
        """Whether one more message, now, is slow enough; a message that is not costs nothing."""
        now = time.monotonic()
        earned = (now - self._spoke_at) * self._per_second
        self._left = min(self._left + earned, self._per_second * BURST_SECONDS)
        self._spoke_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
