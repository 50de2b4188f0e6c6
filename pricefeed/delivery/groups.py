"""The channel layer's groups that prices travel by."""

PRICE_MESSAGE = "price.changed"
MARK_MESSAGE = "feed.mark"
SESSION_ENDED = "session.ended"
"""Comes from who signs users in, by settings.SESSIONS_GROUP: neither knows the other."""

FEED_GROUP = "feed"
"""Every hub is a member: after each run it hears how far the feed has come."""


def price_group(ticker: str) -> str:
    """The group of one ticker. Tickers hold letters, digits and `.`, `-`, `_`, which groups may."""
    return f"price.{ticker}"
