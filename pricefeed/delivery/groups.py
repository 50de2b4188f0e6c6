"""The channel layer's groups: those that prices travel by, and those that every hub listens to."""

from django.conf import settings

from securities.events import GROUP as SECURITIES_GROUP
from watchlists.events import WATCHLISTS_GROUP

FEED_GROUP = "feed"
"""After each run it is said here how far the feed has come."""
ANOMALIES_GROUP = "anomalies"
"""That anomalies were found, not which."""


def common_groups() -> list[str]:
    """Every hub is a member of these."""
    groups = [FEED_GROUP, ANOMALIES_GROUP, WATCHLISTS_GROUP, SECURITIES_GROUP]
    return [*groups, settings.SESSIONS_GROUP]


def price_group(ticker: str) -> str:
    """The group of one ticker. Tickers hold letters, digits and `.`, `-`, `_`, which groups may."""
    return f"price.{ticker}"
