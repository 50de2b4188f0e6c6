"""Why a pushed tick is refused. Programs compare the codes, so they are added and never renamed."""

REFUSALS = {
    "unknown_ticker": "There is no security with this ticker.",
    "inactive_ticker": "The security is not active.",
    "bad_price": "The price must be a positive decimal of at most 999,999,999,999 with at most "
    "six decimals.",
    "bad_time": "The time must be whole milliseconds or RFC 3339 with a time zone, not ahead of "
    "now and not older than the history.",
    "malformed": "A tick is an object with ticker, price and, if wanted, at.",
}
