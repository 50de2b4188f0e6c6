"""Who a request comes from: a bearer access token."""

import structlog
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts.claims import TokenInvalid
from accounts.models import User
from accounts.selectors import user_for_token
from rest.errors import CHALLENGE, ApiError


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`; exactly one query. Without the header: anonymous."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            raw = token.strip().decode("ascii")
            user = user_for_token(raw)
        except (TokenInvalid, UnicodeDecodeError) as error:
            raise token_refused(error) from error
        structlog.contextvars.bind_contextvars(user_id=user.pk)  # in the log of this request
        return user, raw

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def token_refused(error: Exception) -> ApiError:
    """The 401 for a token that is expired, revoked or no token at all."""
    message = str(error) if isinstance(error, TokenInvalid) else "The token is not valid."
    return ApiError(401, "token_invalid", message)
