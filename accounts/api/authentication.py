"""Who a request comes from: a bearer access token."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts.claims import TokenInvalid
from accounts.models import User
from accounts.selectors import user_for_token
from rest.errors import ApiError

CHALLENGE = 'Bearer realm="tickwatch"'


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`; exactly one query. Without the header: anonymous."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            raw = token.strip().decode("ascii")
            return user_for_token(raw), raw
        except (TokenInvalid, UnicodeDecodeError) as error:
            raise token_refused(error) from error

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def token_refused(error: Exception) -> ApiError:
    """The 401 for a token that is expired, revoked or no token at all."""
    message = str(error) if isinstance(error, TokenInvalid) else "The token is not valid."
    return ApiError(401, "token_invalid", message, headers={"WWW-Authenticate": CHALLENGE})
