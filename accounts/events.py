"""Telling whoever keeps a connection for a sign-in that it has ended, before its tokens expire."""

from enum import StrEnum
from typing import NamedTuple

from django.conf import settings
from rest_framework_simplejwt.settings import api_settings

from rest.owed import Announcements, send_to_group

SESSION_ENDED = "session.ended"


class Ending(StrEnum):
    """Why a sign-in ended."""

    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    DISABLED = "disabled"


class Ended(NamedTuple):
    """What there is to tell: one family of a user's tokens has ended, or (None) all have."""

    user_id: int
    ending: Ending
    family: str | None = None


def announce_end(*ended: Ended) -> None:
    """On commit, say that sign-ins have ended.

    `{"type": "session.ended", "user", "family", "reason"}` goes to the channel layer's
    group settings.SESSIONS_GROUP for each. It never fails what was committed: where Redis is
    away or hangs it is said again, until it succeeds or every access token has expired.
    """
    _ends.announce(ended)


def tell_end(*ended: Ended) -> None:
    """Say it now. Raises what the channel layer raises, with some of them told perhaps."""
    messages = (
        {
            "type": SESSION_ENDED,
            "user": each.user_id,
            "family": each.family,
            "reason": each.ending.value,
        }
        for each in ended
    )
    send_to_group(settings.SESSIONS_GROUP, *messages)


_ends: Announcements[tuple[Ended, ...]] = Announcements(
    lambda ended: tell_end(*ended),
    name="session-ends",
    seconds=api_settings.ACCESS_TOKEN_LIFETIME.total_seconds(),
)
