"""A source that costs: asked for what is watched alone, at its pace, and left alone in trouble."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, Self

import structlog
from django.conf import settings
from django.utils import timezone
from redis import Redis

from pricefeed.columns import is_in_range
from pricefeed.market import market_at, prices_are_a_vendors
from pricefeed.sources.base import SourceError
from pricefeed.sources.missing import Missing
from pricefeed.sources.token_bucket import SharedTokenBucket
from pricefeed.sources.turns import Asked, in_turn
from pricefeed.sources.vendor_health import SharedVendorHealth, VendorHealth
from pricefeed.ticks import Instrument, Tick
from securities.catalogue import CatalogueEntry
from securities.money import SMALLEST_PRICE
from securities.redis_client import redis_client
from securities.times import milliseconds

log = structlog.get_logger(__name__)

KEY = "tickwatch:vendor"

_SHARE_OF_PERIOD = 0.8
_CLOCK_MAY_DIFFER = timedelta(seconds=5)


class VendorAnswer(NamedTuple):
    """What a vendor said: prices, and which of the tickers it does not know.

    A ticker that it knows without a price of today's is in neither.
    """

    ticks: list[Tick]
    missing: list[str]


class QuoteClient(Protocol):
    """One vendor's way of being asked. `name` is that of its PRICE_SOURCE."""

    name: str

    def quotes(self, tickers: Sequence[str]) -> VendorAnswer:
        """The newest price of each, in one request. Raises SourceError."""
        ...


class VendorSource:
    """Asks a vendor for as many of the instruments as its limit allows, in their turns.

    Its trouble is no error of ours: `fetch` gives what could be had, and `health` says
    how it is. All of that is shared by all workers. Raises RedisError when Redis is away,
    since nobody may ask who does not know how often the others have.
    """

    def __init__(
        self,
        client: QuoteClient,
        *,
        redis: Redis,
        requests_per_minute: int,
        tickers_per_request: int,
        period_seconds: float,
        chance: Callable[[], float] = random.random,
    ) -> None:
        key = f"{KEY}:{client.name}"
        self._client = client
        self._tickers_per_request = tickers_per_request
        self._seconds = max(1.0, period_seconds * _SHARE_OF_PERIOD)
        self._chance = chance
        self._bucket = SharedTokenBucket(
            redis,
            key=f"{key}:pace",
            requests_per_minute=requests_per_minute,
            period_seconds=period_seconds,
        )
        self._asked = Asked(redis, key=f"{key}:asked")
        self._missing = Missing(redis, key=f"{key}:missing")
        self._health = SharedVendorHealth(redis, key=f"{key}:health")
        self._clock_is_ahead = False

    @classmethod
    def from_settings(cls, client: QuoteClient, *, tickers_per_request: int = 0) -> Self:
        """As the VENDOR_… settings say, unless the vendor knows better how many it takes."""
        return cls(
            client,
            redis=redis_client(),
            requests_per_minute=settings.VENDOR_REQUESTS_PER_MINUTE,
            tickers_per_request=tickers_per_request or settings.VENDOR_TICKERS_PER_REQUEST,
            period_seconds=settings.PRICE_UPDATE_SECONDS,
        )

    def catalogue(self) -> list[CatalogueEntry]:
        """None of its own: vendors have tens of thousands, staff choose."""
        return []

    def health(self) -> VendorHealth:
        """How it is with the vendor now."""
        return self._health.load()

    def delayed_since(self, *, now: datetime) -> int | None:
        """Since when (milliseconds) prices have been late; None while nobody need be told."""
        return delayed_since(self.health(), now=now)

    def fetch(self, instruments: Sequence[Instrument], *, now: datetime) -> list[Tick]:
        """What is new among as many as fit into this period; the others come with the next."""
        now_ms, began = milliseconds(now), time.monotonic()
        health = self._health.load()
        if health.again_at > now_ms:
            return []
        told = {each.ticker: each for each in instruments}
        ticks: list[Tick] = []
        has_answered = False
        try:
            for answer in self._answers(instruments, now_ms, until=began + self._seconds):
                has_answered = True
                seen_at = now + timedelta(seconds=time.monotonic() - began)
                ticks += self._news(answer.ticks, told, seen_at=seen_at)
        except SourceError as error:
            self._in_trouble(health.failed(error, now_ms=now_ms, chance=self._chance), now_ms)
            return ticks
        if has_answered or not health.failures:
            self._health.save(health.well(now_ms=now_ms))
        if has_answered and health.failures:
            log.info("vendor_is_back", vendor=self._client.name)
        return ticks

    def _answers(
        self, instruments: Sequence[Instrument], now_ms: int, *, until: float
    ) -> Iterator[VendorAnswer]:
        """One for each request that the pace and the time allow."""
        for tickers in self._batches(instruments, now_ms):
            if time.monotonic() > until or not self._bucket.take():
                return
            answer = self._client.quotes(tickers)
            self._asked.note(tickers, at_ms=now_ms)
            self._missing.note(asked=tickers, missing=answer.missing, now_ms=now_ms)
            yield answer

    def _batches(self, instruments: Sequence[Instrument], now_ms: int) -> Iterable[list[str]]:
        self._missing.load()
        rests = self._missing.rests
        wanted = [each for each in instruments if not rests(each.ticker, now_ms=now_ms)]
        tickers = in_turn(wanted, asked=self._asked.load(), now_ms=now_ms)
        size = self._tickers_per_request
        return (tickers[start : start + size] for start in range(0, len(tickers), size))

    def _in_trouble(self, health: VendorHealth, now_ms: int) -> None:
        self._health.save(health)
        log.warning(
            "vendor_in_trouble",
            vendor=self._client.name,
            cause=health.reason,
            failures=health.failures,
            again_in_seconds=round((health.again_at - now_ms) / 1000, 1),
        )

    def _news(
        self, ticks: Iterable[Tick], told: dict[str, Instrument], *, seen_at: datetime
    ) -> list[Tick]:
        """Prices that can be, not older than what we have, in a present that both agree on."""
        news: list[Tick] = []
        for tick in ticks:
            instrument = told.get(tick.ticker)
            if instrument is None or not is_in_range(tick.price):
                continue
            if tick.at > seen_at:  # or no later price could ever follow it
                self._notice_clock(tick.at - seen_at)
                tick = replace(tick, at=seen_at)  # noqa: PLW2901
            if instrument.updated_at is None or tick.at >= instrument.updated_at:
                news.append(_exact(tick))
        return news

    def _notice_clock(self, ahead: timedelta) -> None:
        if ahead > _CLOCK_MAY_DIFFER and not self._clock_is_ahead:
            self._clock_is_ahead = True
            seconds = round(ahead.total_seconds())
            log.warning("vendor_clock_is_ahead", vendor=self._client.name, seconds=seconds)


def delayed_since(health: VendorHealth, *, now: datetime) -> int | None:
    """Trouble is told when it has lasted for PRICE_STALE_SECONDS, and while there is trade."""
    if market_at(now).state == "closed":
        return None
    patience = settings.PRICE_STALE_SECONDS
    return health.delayed_since(now_ms=milliseconds(now), patience_seconds=patience)


class VendorReport(NamedTuple):
    """How it is with the vendor: since when (milliseconds) prices have been late, and why."""

    delayed_since: int | None
    reason: str
    unknown_tickers: list[str]


def vendor_report(*, timeout_seconds: float = 1.0) -> VendorReport | None:
    """For anybody; None without a vendor. Raises RedisError, after this time without an answer."""
    if not prices_are_a_vendors():
        return None
    redis = redis_client(timeout_seconds=timeout_seconds)
    key = f"{KEY}:{settings.PRICE_SOURCE}"
    health = SharedVendorHealth(redis, key=f"{key}:health").load()
    return VendorReport(
        delayed_since(health, now=timezone.now()),
        health.reason,
        sorted(Missing(redis, key=f"{key}:missing").load()),
    )


def _exact(tick: Tick) -> Tick:
    """With as many decimals as are kept, so that a price that did not move is the same again."""
    close = tick.previous_close
    return replace(
        tick,
        price=tick.price.quantize(SMALLEST_PRICE),
        previous_close=close.quantize(SMALLEST_PRICE) if close and is_in_range(close) else None,
    )
