"""Tickers that a vendor does not know: said once, and seldom asked for again."""

from collections.abc import Collection, Iterable, Sequence
from typing import cast

import msgspec
import structlog
from redis import Redis

log = structlog.get_logger(__name__)

_LIFE_MS = 30 * 24 * 3_600_000
_FIRST_REST_MS = 60_000
_LONGEST_REST_MS = 24 * 3_600_000
_EXAMPLES = 20


class _Sighting(msgspec.Struct, array_like=True):
    times: int
    at_ms: int

    def rests_at(self, now_ms: int) -> bool:
        doubled: int = _FIRST_REST_MS * 2 ** min(self.times - 1, 20)
        rest_ms = min(_LONGEST_REST_MS, doubled)
        return 0 <= now_ms - self.at_ms < rest_ms


_decode = msgspec.json.Decoder(_Sighting).decode


class Missing:
    """Kept in Redis. A ticker that was missing rests for a minute, then 2, 4 … at most a day.

    An answer that lacks what it should have, once, costs a minute; a listing that begins
    tomorrow is found tomorrow.
    """

    def __init__(self, client: Redis, *, key: str) -> None:
        self._redis, self._key = client, key
        self._known: dict[str, _Sighting] = {}

    def load(self) -> Collection[str]:
        """Read what is known; gives all missing tickers."""
        found = cast("dict[bytes, bytes]", self._redis.hgetall(self._key))
        self._known = {ticker.decode(): _decode(value) for ticker, value in found.items()}
        return self._known.keys()

    def rests(self, ticker: str, *, now_ms: int) -> bool:
        """Whether it need not be asked for yet."""
        sighting = self._known.get(ticker)
        return sighting is not None and sighting.rests_at(now_ms)

    def note(self, *, asked: Iterable[str], missing: Sequence[str], now_ms: int) -> None:
        """An answer came: what it lacked, and thereby what it had. New ones are logged."""
        new = sorted(set(missing) - self._known.keys())
        back = (set(asked) - set(missing)) & self._known.keys()
        for ticker in missing:
            times = self._known[ticker].times if ticker in self._known else 0
            self._known[ticker] = _Sighting(times + 1, now_ms)
        with self._redis.pipeline(transaction=False) as pipe:
            if back:
                pipe.hdel(self._key, *back)
            if missing:
                written = {each: msgspec.json.encode(self._known[each]) for each in missing}
                pipe.hset(self._key, mapping=written)
                pipe.pexpire(self._key, _LIFE_MS)
            pipe.execute()
        for ticker in back:
            del self._known[ticker]
        if new:
            log.warning("tickers_unknown_to_vendor", count=len(new), tickers=new[:_EXAMPLES])
