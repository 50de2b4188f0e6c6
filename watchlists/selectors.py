"""The only shaped reads of watchlists."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from securities.models import Quote, Security
from watchlists import cache
from watchlists.models import Watchlist, WatchlistItem

# Asked for every socket that opens. To put it together anew each time would take longer than to
# answer it.
_LISTS = """
SELECT list.user_id, array_agg(security.ticker ORDER BY item.position, item.id)
FROM watchlists_watchlistitem AS item
JOIN watchlists_watchlist AS list ON list.id = item.watchlist_id
JOIN securities_security AS security ON security.id = item.security_id
WHERE list.user_id = ANY(%s) AND list.is_default AND security.is_active
GROUP BY list.user_id
"""


@dataclass(frozen=True, slots=True)
class WatchedSecurity:
    """A place on a user's default list: what stands there and what it costs now.

    `position` counts from 0 without gaps; `quote` is None until the first price.
    """

    position: int
    security: Security
    quote: Quote | None


def watchlist_items(user_id: int) -> list[WatchedSecurity]:
    """The user's default list by position, inactive securities included. One query."""
    rows = (
        WatchlistItem.objects.filter(watchlist__user_id=user_id, watchlist__is_default=True)
        .order_by("position", "id")
        .select_related("security__quote")
    )
    return [
        WatchedSecurity(place, row.security, getattr(row.security, "quote", None))
        for place, row in enumerate(rows)
    ]


def watchlist_item(item_id: int) -> WatchedSecurity:
    """What one item is on its list. One query; raises WatchlistItem.DoesNotExist."""
    earlier = (
        WatchlistItem.objects.filter(
            watchlist=OuterRef("watchlist"), position__lt=OuterRef("position")
        )
        .order_by()
        .values("watchlist")
        .annotate(count=Count("pk"))
        .values("count")
    )
    items = WatchlistItem.objects.annotate(place=Coalesce(Subquery(earlier), 0))
    row = items.select_related("security__quote").get(pk=item_id)
    return WatchedSecurity(row.place, row.security, getattr(row.security, "quote", None))


def watched_tickers_many(user_ids: Iterable[int]) -> dict[int, list[str]]:
    """Active tickers by position for each of these users, also for those who watch nothing.

    Read from Redis in one command; those missing there from Postgres in one query,
    and stored. An edit is seen by every read that begins after its commit, except
    when Redis was away at that moment (see watchlists.cache). While Redis is away
    everything comes from Postgres.
    """
    wanted = list(dict.fromkeys(user_ids))
    known, reading = cache.read(wanted)
    missing = [user_id for user_id in wanted if user_id not in known]
    if missing:
        fresh = _tickers_from_postgres(missing)
        cache.store(fresh, reading)
        known |= fresh
    return {user_id: known[user_id] for user_id in wanted}


def securities_with_watcher_counts(securities: QuerySet[Security]) -> QuerySet[Security]:
    """Annotated with `watcher_count`: how many watchlists hold each."""
    return securities.annotate(watcher_count=_items_by("security"))


def watchlists_with_item_counts(watchlists: QuerySet[Watchlist]) -> QuerySet[Watchlist]:
    """Annotated with `item_count`: how many securities each holds."""
    return watchlists.annotate(item_count=_items_by("watchlist"))


def most_watched(*, limit: int) -> list[tuple[str, int]]:
    """Active tickers on any list, each with on how many, most watched first. One query.

    It counts every item of every list: who asks often keeps the answer for a while.
    """
    rows = (
        Security.objects.filter(is_active=True, watchlist_items__isnull=False)
        .annotate(watchers=Count("watchlist_items"))
        .order_by("-watchers", "ticker")
        .values_list("ticker", "watchers")
    )
    return list(rows[:limit])


def _items_by(field: str) -> Coalesce:
    """How many items name a row; counted for the rows that are shown, not for the whole table."""
    count = (
        WatchlistItem.objects.filter(**{field: OuterRef("pk")})
        .order_by()
        .values(field)
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Coalesce(Subquery(count), 0)


def _tickers_from_postgres(user_ids: list[int]) -> dict[int, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(_LISTS, (user_ids,))
        lists: dict[int, list[str]] = dict(cursor.fetchall())
    return {user_id: lists.get(user_id, []) for user_id in user_ids}
