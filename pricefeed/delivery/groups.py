"""The channel layer's groups that prices travel by."""

FEED_GROUP = "feed"
"""Every hub is a member: after each run it hears how far the feed has come."""


def price_group(ticker: str) -> str:
    """The group of one ticker. Tickers hold letters, digits and `.`, `-`, `_`, which groups may."""
    return f"price.{ticker}"
