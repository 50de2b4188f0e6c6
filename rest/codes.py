"""Every error code of the interface, its HTTP status, and when it is given.

Programs compare codes, so they are added and never renamed. The schema and
`docs/api.md` are made of this table; a guard test finds codes that are not in it.
"""

from typing import NamedTuple


class Code(NamedTuple):
    """One row of the table."""

    status: int
    meaning: str


CODES = {
    "invalid": Code(400, "Some fields are not valid; `fields` says which and why."),
    "malformed": Code(400, "The body is not valid JSON, or the request itself is broken."),
    "not_authenticated": Code(401, "Nobody is signed in, or name and password do not match."),
    "token_invalid": Code(401, "The token is expired, revoked or not ours: refresh or sign in."),
    "forbidden": Code(403, "You are known, and may not do this."),
    "not_found": Code(404, "There is nothing at this address."),
    "unknown_ticker": Code(404, "No active security has that ticker."),
    "not_on_watchlist": Code(404, "The watchlist does not hold that ticker."),
    "method_not_allowed": Code(405, "The address exists; the `Allow` header names its methods."),
    "watchlist_full": Code(409, "The watchlist holds as many tickers as it may."),
    "idempotency_key_reused": Code(422, "The `Idempotency-Key` was used with another body."),
    "too_large": Code(413, "The body is larger than allowed."),
    "unsupported_media_type": Code(415, "Bodies are JSON: send `Content-Type: application/json`."),
    "throttled": Code(429, "Too many attempts; `Retry-After` says how many seconds to wait."),
    "error": Code(500, "A bug on our side; the log has it under the request's id."),
    "busy": Code(503, "Too much waits to be done already; come back after `Retry-After`."),
    "unavailable": Code(503, "The database or Redis is away; come back after `Retry-After`."),
}
