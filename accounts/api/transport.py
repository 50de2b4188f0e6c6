"""How the refresh token travels: in the body, or for browsers in a cookie.

With `X-Token-Transport: cookie` it is an HttpOnly cookie that scripts cannot
read, sent back only to the sign-in endpoints. Nobody else's page can use it: it
is SameSite=Strict, it counts only beside that header, and a header of one's own
makes a browser ask first (CORS), which only CORS_ORIGINS are granted.
"""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework_simplejwt.settings import api_settings

from accounts.api.serializers import RefreshInput
from accounts.services import TokenPair

HEADER = "X-Token-Transport"
COOKIE = "tickwatch_refresh"
COOKIE_PATH = "/api/v1/auth"


def uses_cookie(request: Request) -> bool:
    """Whether the client asked for the cookie."""
    return request.headers.get(HEADER, "").strip().lower() == "cookie"


def presented_refresh(request: Request) -> str | None:
    """The refresh token of the request; None for a cookie that is not there.

    Errors: ValidationError when the body shall have it and does not.
    """
    data = RefreshInput(data=request.data)
    data.is_valid(raise_exception=True)
    if uses_cookie(request):
        return request.COOKIES.get(COOKIE)
    refresh: str | None = data.validated_data.get("refresh")
    if refresh is None:
        raise ValidationError({"refresh": ["This field is required."]})
    return refresh


def tokens_response(
    request: Request, pair: TokenPair, *, status: int = 200, **more: Any
) -> Response:
    """The pair, the refresh token where the client wants it."""
    body = {"access": pair.access, **more}
    if not uses_cookie(request):
        return Response({**body, "refresh": pair.refresh}, status=status)
    response = Response(body, status=status)
    if pair.refresh is not None:
        response.set_cookie(
            COOKIE,
            pair.refresh,
            max_age=int(api_settings.REFRESH_TOKEN_LIFETIME.total_seconds()),
            path=COOKIE_PATH,
            secure=request.is_secure() or settings.HTTPS_ONLY_COOKIES,
            httponly=True,
            samesite="Strict",
        )
    return response


def signed_out_response(request: Request) -> Response:
    """204; takes the cookie back."""
    response = Response(status=204)
    if uses_cookie(request):
        response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Strict")
    return response
