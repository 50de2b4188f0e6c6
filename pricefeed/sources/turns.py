"""Whose turn it is to be asked for, when a vendor's limit does not allow all at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from redis import Redis

from pricefeed.ticks import Instrument

_LIFE_MS = 24 * 3_600_000


class Asked:
    """When each ticker was last answered (milliseconds), so that any worker goes on."""

    def __init__(self, client: Redis, *, key: str) -> None:
        self._redis, self._key = client, key

    def load(self) -> dict[str, int]:
        """By ticker; empty where Redis has lost it, and everything is asked for anew."""
        found = cast("dict[bytes, bytes]", self._redis.hgetall(self._key))
        return {ticker.decode(): int(at) for ticker, at in found.items()}

    def note(self, tickers: Sequence[str], *, at_ms: int) -> None:
        """These have been answered now."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(self._key, mapping=dict.fromkeys(tickers, at_ms))
            pipe.pexpire(self._key, _LIFE_MS)
            pipe.execute()


def in_turn(
    instruments: Iterable[Instrument], *, asked: Mapping[str, int], now_ms: int
) -> list[str]:
    """Tickers in the order in which they should be asked for.

    First those that never were, most watched first. Then by the time that each has
    waited, times a weight that grows with the logarithm of its watchers: of those that
    waited equally long the most watched come first, of those watched equally the
    longest waiting, and nobody waits for ever.
    """

    def place(each: Instrument) -> tuple[int, int, str]:
        last = asked.get(each.ticker)
        if last is None:
            return -(2**62), -each.watchers, each.ticker
        waited_ms = max(1, now_ms - last)
        return -waited_ms * weight(each.watchers), -each.watchers, each.ticker

    return [each.ticker for each in sorted(instruments, key=place)]


def weight(watchers: int) -> int:
    """1 for up to one watcher, 2 for up to three, and one more with each doubling."""
    return max(1, watchers.bit_length())
