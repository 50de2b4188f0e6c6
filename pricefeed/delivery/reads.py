"""What the hub reads from the apps, each call in a thread with a database connection."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from sys import intern
from typing import NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils.module_loading import import_string

from pricefeed.delivery.anomalies_reads import AnomalyReads, anomaly_reads
from pricefeed.delivery.doubts import Living
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.latest import Mark
from pricefeed.delivery.membership import QuotesFromDatabase
from pricefeed.delivery.wire import WireQuote
from pricefeed.recording.selectors import feed
from securities.selectors import active_tickers, active_tickers_among, securities_by_tickers
from watchlists.selectors import watched_tickers_many


class Reads(NamedTuple):
    """What the hub asks the database; each runs off the event loop."""

    lists_of_users: Callable[[Sequence[int]], Awaitable[dict[int, tuple[str, ...]]]]
    lists_of_living: Callable[
        [Sequence[Identity]], Awaitable[dict[Identity, tuple[str, ...] | None]]
    ]
    """Of sign-ins that have ended, None. One call, because whoever comes wants both to be known."""
    active_tickers: Callable[[], Awaitable[tuple[str, ...]]]
    active_among: Callable[[Collection[str]], Awaitable[set[str]]]
    living: Living
    quotes: QuotesFromDatabase
    mark: Callable[[], Awaitable[Mark]]
    anomalies: AnomalyReads


def _lists_of_users(user_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    # Interned: a ticker that a thousand people watch is one text, not a thousand.
    lists = watched_tickers_many(user_ids)
    return {user_id: tuple(map(intern, found)) for user_id, found in lists.items()}


@database_sync_to_async
def _active_tickers() -> tuple[str, ...]:
    return tuple(map(intern, active_tickers()))


@database_sync_to_async
def _active_among(tickers: Collection[str]) -> set[str]:
    """Those of the tickers that are active securities."""
    return active_tickers_among(tickers)


@database_sync_to_async
def _quotes(tickers: Sequence[str]) -> list[WireQuote]:
    return [
        WireQuote.of(security, getattr(security, "quote", None))
        for security in securities_by_tickers(tickers).values()
    ]


@database_sync_to_async
def _mark() -> Mark:
    counter = feed()
    return Mark(str(counter.epoch), counter.sequence)


def hub_reads() -> Reads:
    """The hub's reads, from the apps' selectors."""
    living = import_string(settings.SESSIONS_LIVING)

    def lists_of_living(
        identities: Sequence[Identity],
    ) -> dict[Identity, tuple[str, ...] | None]:
        alive = living(identities)
        lists = _lists_of_users([each.user_id for each in alive])
        return {each: lists[each.user_id] if each in alive else None for each in identities}

    return Reads(
        lists_of_users=database_sync_to_async(_lists_of_users),
        lists_of_living=database_sync_to_async(lists_of_living),
        active_tickers=_active_tickers,
        active_among=_active_among,
        living=database_sync_to_async(living),
        quotes=_quotes,
        mark=_mark,
        anomalies=anomaly_reads(),
    )
