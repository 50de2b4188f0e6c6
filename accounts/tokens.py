"""Who stands behind a token: what config hands to the delivery of prices."""

from dataclasses import dataclass

from accounts.claims import TokenExpired, TokenInvalid, token_claims
from accounts.selectors import user_for_claims

__all__ = ["Identity", "TokenExpired", "TokenInvalid", "identify"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user for as long as the token lives. `expires_at` is in seconds since 1970, UTC."""

    user_id: int
    expires_at: float


def identify(token: str) -> Identity:
    """Whose access token this is; one query, synchronous. Errors: TokenExpired, TokenInvalid."""
    claims = token_claims(token)
    return Identity(user_id=user_for_claims(claims).pk, expires_at=claims.expires_at)
