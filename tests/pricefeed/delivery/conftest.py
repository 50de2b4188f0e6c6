"""A real hub on a real Redis and Postgres, with clients that apply what they are sent."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection
from msgspec import UNSET
from prometheus_client import REGISTRY

from accounts.models import User
from pricefeed.delivery import anomalies
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.latest import LatestReader
from pricefeed.delivery.publish import publish
from pricefeed.delivery.reads import hub_reads
from pricefeed.models import Feed
from pricefeed.recording.services import record
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.services import security_update
from tests.pricefeed.conftest import MakeTick
from tests.pricefeed.delivery.client import Client
from watchlists import cache
from watchlists.services import watchlist_add_security

Prices = dict[str, str]
Run = Callable[..., Awaitable[int]]
Join = Callable[..., Awaitable[Client]]

STALE_SECONDS = 60.0
TICKERS = [f"T{number:03}" for number in range(120)]


class Clock:
    """In the place of the module `time`: it goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    time = monotonic


async def off_loop(work: Callable[[], Any]) -> Any:
    """Run synchronous code as another process would: in a thread without this event loop."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(run)


@pytest.fixture(autouse=True)
def own_list_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """User ids come again in every test; the keys of their lists do not."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(cache, "_key", lambda user_id: f"{name}:list:{user_id}")


@pytest.fixture
def market(security: Callable[..., Security]) -> None:
    """A feed, and A, B, C and D without a price."""
    for ticker in "ABCD":
        security(ticker, name=f"{ticker} Inc.")


@pytest.fixture
def run(market: None, tick: MakeTick) -> Run:
    """`await run({"A": "10"})`: one run of the feed, a second of its time after the last."""
    clock = iter(range(1_000_000))

    async def one(prices: Prices, *, delayed_since: Any = UNSET) -> int:
        at = next(clock)
        ticks = [tick(ticker, price, seconds=at) for ticker, price in prices.items()]
        published: int = await off_loop(lambda: publish(record(ticks), delayed_since=delayed_since))
        return published

    return one


def everybody(identities: Collection[Identity]) -> set[Identity]:
    """Nobody's sign-in ends here."""
    return set(identities)


@pytest.fixture
async def hub(market: None, settings: Any) -> AsyncIterator[Hub]:
    """A running hub, as each server process has one."""
    layer = get_channel_layer()
    settings.SESSIONS_LIVING = f"{__name__}.everybody"
    reads = hub_reads()
    made = Hub(layer=layer, latest=LatestReader(), reads=reads, stale_seconds=STALE_SECONDS)
    await made.start()
    yield made
    await made.stop()
    await layer.flush()


@pytest.fixture
def join(hub: Hub) -> Join:
    """`await join(user_id=…)` or `await join(asked=("A", "B"))`: a client of the hub."""

    async def make(**options: Any) -> Client:
        client = Client()
        await client.join(hub, **options)
        return client

    return make


@pytest.fixture
def wide_market(security: Callable[..., Security]) -> None:
    for ticker in TICKERS:
        security(ticker)


async def move(tick: MakeTick, step: int, tickers: list[str] = TICKERS) -> None:
    ticks = [tick(ticker, f"{10 + step}", seconds=step) for ticker in tickers]
    await off_loop(lambda: publish(record(ticks)))


@pytest.fixture
def looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of anomalies nothing is heard but by a word."""
    monkeypatch.setattr(anomalies, "LOOK_SECONDS", 60.0)


def closed(code: int) -> float:
    """How many sockets this process has closed with a code."""
    labels = {"code": str(code)}
    return REGISTRY.get_sample_value("tickwatch_connections_closed_total", labels) or 0.0


@pytest.fixture
def watching(alice: User, market: None) -> User:
    """Alice watches B and A, in this order."""
    for ticker in "BA":
        watchlist_add_security(user_id=alice.pk, ticker=ticker)
    return alice


async def edit(work: Callable[..., Any], user: User, ticker: str) -> None:
    await off_loop(lambda: work(user_id=user.pk, ticker=ticker))


async def heard(hub: Hub, sequence: int) -> None:
    """Wait until the hub has taken in everything up to a sequence."""
    async with asyncio.timeout(20):
        while hub._teller.mark.sequence < sequence:  # noqa: ASYNC110  the hub tells nobody
            await asyncio.sleep(0.005)


def rename(ticker: str, name: str, *, currency: str = "USD") -> None:
    security = Security.objects.get(ticker=ticker)
    entry = CatalogueEntry(ticker, name, security.exchange, currency)
    security_update(security=security, entry=entry)


def pass_on(ticker: str, to: str) -> None:
    security = Security.objects.get(ticker=ticker)
    entry = CatalogueEntry(to, security.name, security.exchange, security.currency)
    security_update(security=security, entry=entry)


def restored_from_backup() -> None:
    Feed.objects.update(epoch="12345678-1234-5678-1234-567812345678", sequence=0)
    Security.objects.get(ticker="A").quote.delete()
    Security.objects.get(ticker="B").quote.delete()
