"""The only writers of watchlists. Each edit is one transaction that holds the list's row.

Locking the row orders all edits of one list: positions stay unique, the limit
holds, and two adds of the same security meet as one row.
"""

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Max, QuerySet

from rest.errors import ApiError
from securities.selectors import SecurityUnknown, security_by_ticker
from securities.tickers import canonical_ticker
from watchlists.events import announce_edit
from watchlists.models import Watchlist, WatchlistItem
from watchlists.selectors import WatchedSecurity, watchlist_item


class WatchlistFullError(ApiError):
    """The list has as many securities as it may. Over REST: 409 `watchlist_full`."""

    def __init__(self, limit: int) -> None:
        super().__init__(409, "watchlist_full", f"A watchlist may have at most {limit} securities.")


class NotOnWatchlistError(ApiError):
    """The list does not have this ticker. Over REST: 404 `not_on_watchlist`."""

    def __init__(self) -> None:
        super().__init__(404, "not_on_watchlist", "This ticker is not on your watchlist.")


@transaction.atomic
def watchlist_add_security(
    *, user_id: int, ticker: str, position: int | None = None
) -> tuple[WatchedSecurity, bool]:
    """Put an active security on the user's default list: what it is there, and whether it is new.

    `position` counts places from 0; what stands there and after it moves down by
    one. Without it a new security goes to the end. Adding what is on the list is
    no error: it stays where it is, or moves to `position` when one is given.
    Nobody else has edited the list between that and the answer. Raises SecurityUnknown
    (also for an inactive security that is not on it) and WatchlistFullError.
    """
    security = security_by_ticker(ticker)
    watchlist = _locked_default(user_id)
    item = watchlist.items.filter(security=security).first()
    created = item is None
    if item is None:
        if not security.is_active:
            raise SecurityUnknown(ticker)
        item = WatchlistItem(watchlist=watchlist, security=security)
        item.position = _end_of(watchlist)
    if position is not None:
        item.position = _room_at(watchlist, position, besides=item)
    if created or position is not None:
        item.save()
        announce_edit(user_id)
    return watchlist_item(item.pk), created


@transaction.atomic
def watchlist_remove_security(*, user_id: int, ticker: str) -> None:
    """Take a security off the user's default list. Raises NotOnWatchlistError."""
    watchlist = _default_list(user_id).first()
    if watchlist is None:
        raise NotOnWatchlistError
    removed, _ = watchlist.items.filter(security__ticker=canonical_ticker(ticker)).delete()
    if not removed:
        raise NotOnWatchlistError
    announce_edit(user_id)


@transaction.atomic
def watchlists_delete(*, watchlist_ids: Collection[int]) -> None:
    """Delete whole lists; their users are left with an empty default list."""
    lists = Watchlist.objects.filter(pk__in=watchlist_ids)
    for user_id in set(lists.values_list("user_id", flat=True)):
        announce_edit(user_id)
    lists.delete()


def _default_list(user_id: int) -> QuerySet[Watchlist]:
    """The user's default list, if there is one; reading it locks it until commit."""
    return Watchlist.objects.select_for_update().filter(user_id=user_id, is_default=True)


def _locked_default(user_id: int) -> Watchlist:
    """The user's default list, made if this is the first edit, locked until commit."""
    lists = _default_list(user_id)
    if found := lists.first():
        return found
    # Whoever comes second waits here for the first, inserts nothing, and finds that list.
    Watchlist.objects.bulk_create([Watchlist(user_id=user_id)], ignore_conflicts=True)
    return lists.get()


def _end_of(watchlist: Watchlist) -> int:
    """The position after the last one. Raises WatchlistFullError."""
    held = watchlist.items.aggregate(count=Count("pk"), last=Max("position"))
    if held["count"] >= settings.WATCHLIST_MAX_ITEMS:
        raise WatchlistFullError(settings.WATCHLIST_MAX_ITEMS)
    return 0 if held["last"] is None else held["last"] + 1


def _room_at(watchlist: Watchlist, place: int, *, besides: WatchlistItem) -> int:
    """A free stored position that makes an item the `place`-th, counted without itself.

    Stored positions have gaps where items were removed; a gap just before the
    place is used, so undoing a removal moves nothing.
    """
    others = watchlist.items.exclude(pk=besides.pk)
    ordered = others.order_by("position", "id").values_list("position", flat=True)
    taken = list(ordered[: place + 1])
    if place >= len(taken):
        return taken[-1] + 1 if taken else 0
    free = taken[place - 1] + 1 if place else 0
    if taken[place] > free:
        return free
    others.filter(position__gte=taken[place]).update(position=F("position") + 1)
    return taken[place]
