"""Who stands behind a token: what config hands to the delivery of prices."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.claims import Claims, TokenExpired, TokenInvalid, token_claims
from accounts.selectors import living_sessions

__all__ = ["Identity", "TokenExpired", "TokenInvalid", "identify", "identify_many"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user for as long as the token lives. `expires_at` is in seconds since 1970, UTC.

    `family` names the sign-in that the token descends from.
    """

    user_id: int
    family: str
    expires_at: float


def identify(token: str) -> Identity:
    """Whose access token this is; synchronous. Errors: TokenExpired, TokenInvalid."""
    found = identify_many([token])[token]
    if isinstance(found, TokenInvalid):
        raise found
    return found


def identify_many(tokens: Iterable[str]) -> dict[str, Identity | TokenInvalid]:
    """Whose access tokens these are, or why one opens nothing; two queries, synchronous."""
    found: dict[str, Identity | TokenInvalid] = {}
    claims: dict[str, Claims] = {}
    for token in tokens:
        try:
            claims[token] = token_claims(token)
        except TokenInvalid as refused:
            found[token] = refused
    living = living_sessions(claims.values()) if claims else set()
    for token, each in claims.items():
        found[token] = (
            Identity(user_id=each.user_id, family=each.family, expires_at=each.expires_at)
            if each in living
            else TokenInvalid("The token is not valid any more.")
        )
    return found
