"""Who stands behind a token: what config hands to the delivery of prices."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.claims import Claims, TokenExpired, TokenInvalid, token_claims
from accounts.selectors import living_sessions

__all__ = ["Identity", "TokenExpired", "TokenInvalid", "identify", "identify_many", "living"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user for as long as the token lives. `expires_at` is in seconds since 1970, UTC.

    `family` names the sign-in that the token descends from, `stamp` the password.
    """

    user_id: int
    family: str
    expires_at: float
    stamp: str


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
    still = living_sessions(claims.values()) if claims else set()
    for token, each in claims.items():
        found[token] = (
            Identity(each.user_id, each.family, each.expires_at, each.stamp)
            if each in still
            else TokenInvalid("The token is not valid any more.")
        )
    return found


def living(identities: Iterable[Identity]) -> set[Identity]:
    """Those whose sign-in has not ended; two queries, synchronous. Expiry is not looked at."""
    return living_sessions(identities)
