"""What hubs hear from the channel layer, typed. `type` in a message says which it is.

The feed's messages are sent by `publish`, the others by the apps whose names they bear;
Channels' plain layer carries them as well.
"""

import msgspec

from pricefeed.delivery.wire import WireQuote
from securities.events import CHANGED
from watchlists.events import WATCHLIST_EDITED

SESSION_ENDED = "session.ended"
"""Comes from who signs users in, by settings.SESSIONS_GROUP: neither knows the other."""


class PriceChanged(msgspec.Struct, tag_field="type", tag="price.changed", gc=False):
    """A ticker's newest quote, to the ticker's group."""

    quote: WireQuote


class FeedMark(msgspec.Struct, tag_field="type", tag="feed.mark"):
    """A run of the feed begins after `sequence` (`done` false), or has come to it (`done` true).

    `delayed_since` (milliseconds): the feed runs, but its source has been in trouble since. Left
    out by runs that have asked no source: pushed prices know nothing of a vendor.
    """

    epoch: str
    sequence: int
    done: bool
    delayed_since: int | msgspec.UnsetType | None = msgspec.UNSET


class WatchlistEdited(msgspec.Struct, tag_field="type", tag=WATCHLIST_EDITED):
    """A user's list is another one."""

    user: int


class SecuritiesChanged(msgspec.Struct, tag_field="type", tag=CHANGED):
    """Securities were activated, deactivated, renamed or loaded."""


class SessionEnded(msgspec.Struct, tag_field="type", tag=SESSION_ENDED):
    """A user has signed out of one family of tokens, or (None) of all."""

    user: int
    family: str | None
    reason: str


class AnomaliesFound(msgspec.Struct, tag_field="type", tag="anomalies.found"):
    """There are new anomalies in Postgres."""


HubMessage = (
    PriceChanged | FeedMark | WatchlistEdited | SecuritiesChanged | SessionEnded | AnomaliesFound
)

decode = msgspec.msgpack.Decoder(HubMessage).decode
