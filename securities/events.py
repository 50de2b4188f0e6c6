"""Saying that securities have changed: to what is derived from them, and to open sockets."""

from rest.owed import Announcements, send_to_group
from securities import version

GROUP = "securities"
CHANGED = "securities.changed"

_OWED_SECONDS = 600.0
"""Lists that were stored under the old version have expired by then."""


def announce_change() -> None:
    """On commit, bump the catalogue's version, then send `securities.changed` to "securities".

    It never fails the change. With Redis away it is said again once Redis is back, or, should
    this process have ended by then, found by time (lists expire, the search index compares).
    """
    _changes.announce(GROUP)


def _tell(group: str) -> None:
    """Bump first: who hears of the change reads under the new version."""
    version.bump()
    send_to_group(group, {"type": CHANGED})


_changes = Announcements(_tell, name="securities-changes", seconds=_OWED_SECONDS)
