"""After an edit is committed: cached lists are forgotten, then every hub is told.

An acknowledged edit never fails because of this. What could not be said because
Redis was away is said again, from a thread of this process, until it succeeds or
until every cached list has expired by itself; so open sockets follow an edit that
was made during an outage as soon as the outage ends.
"""

from contextlib import suppress

from redis.exceptions import RedisError

from rest.owed import Announcements, send_to_group
from watchlists import cache

WATCHLISTS_GROUP = "watchlists"
WATCHLIST_EDITED = "watchlist.edited"


def announce_edit(user_id: int) -> None:
    """On commit, make the edit of this user's list known: `{"type", "user": user_id}`.

    The cached list is forgotten before the commit as well: should this process die
    right after it, nobody reads the old one.
    """
    if not _edits.is_away:
        with suppress(RedisError):  # said again, and missed if need be, after the commit
            cache.forget([user_id])
    _edits.announce(user_id)


def _tell(user_id: int) -> None:
    """Forget first: who hears of the edit reads the list at once."""
    cache.forget([user_id])
    send_to_group(WATCHLISTS_GROUP, {"type": WATCHLIST_EDITED, "user": user_id})


_edits = Announcements(_tell, name="watchlist-edits", seconds=cache.LIST_SECONDS)
