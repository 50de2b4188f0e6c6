"""What a token says, checked without the database: signature, kind and expiry.

Two kinds: *access* opens endpoints and sockets, *refresh* buys the next pair.
Both carry the user's stamp (see `User.token_stamp`) and the family: the sign-in
they descend from. HS256 with SECRET_KEY, and nothing else is accepted.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, Token


class TokenInvalid(Exception):
    """Not a token of ours, or one that counts no longer."""


class TokenExpired(TokenInvalid):
    """It was valid once; refreshing helps."""


class RefreshToken(Token):
    """simplejwt's own stores every token it makes; ours stores only those that ended early."""

    token_type = "refresh"  # noqa: S105
    lifetime = api_settings.REFRESH_TOKEN_LIFETIME


@dataclass(frozen=True, slots=True)
class Claims:
    """The content of a verified token. `expires_at` is in seconds since 1970, UTC."""

    user_id: int
    stamp: str
    family: str
    jti: str
    expires_at: float

    @property
    def expiry(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)


def token_claims(raw: str, kind: type[Token] = AccessToken) -> Claims:
    """What the token says. Errors: TokenExpired, TokenInvalid."""
    try:
        return _claims(kind(raw))  # type: ignore[arg-type]  # its annotation is wrong
    except ExpiredTokenError as error:
        raise TokenExpired("The token has expired.") from error
    except (TokenError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise TokenInvalid("The token is not valid.") from error


def tokens_sign(*, user_id: int, stamp: str, family: str | None = None) -> tuple[str, str]:
    """A new access and a new refresh token, of a new family unless one is given."""
    family = family or uuid.uuid4().hex
    return tuple(  # type: ignore[return-value]  # two in, two out
        _signed(kind(), user_id=str(user_id), stamp=stamp, family=family)
        for kind in (AccessToken, RefreshToken)
    )


def _signed(token: Token, **claims: str) -> str:
    for name, value in claims.items():
        token[name] = value
    return str(token)


def _claims(token: Any) -> Claims:
    return Claims(
        user_id=int(token["user_id"]),
        stamp=str(token["stamp"]),
        family=str(token["family"]),
        jti=str(token["jti"]),
        expires_at=float(token["exp"]),
    )
