"""Register, log in, refresh, log out, change password, me: each parses, calls, answers."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api import docs
from accounts.api.authentication import token_refused
from accounts.api.serializers import (
    ChangePasswordInput,
    LoginInput,
    RegisterInput,
    UserOutput,
)
from accounts.api.transport import (
    presented_refresh,
    signed_out_response,
    tokens_response,
    uses_cookie,
)
from accounts.claims import TokenInvalid
from accounts.models import User
from rest.address import client_address
from rest.errors import ApiError
from rest.views import Endpoint, PublicEndpoint

COOKIE_GRACE_SECONDS = 60
"""Tabs that wake up together send the same cookie. So does one that never heard the answer: it
gives up after 15 s, and so may the tab that tries next."""


class RegisterView(PublicEndpoint):
    """`POST auth/register`."""

    @docs.register
    def post(self, request: Request) -> Response:
        data = RegisterInput(data=request.data)
        data.is_valid(raise_exception=True)
        user = services.user_register(**data.validated_data, address=client_address(request))
        return _session(request, user, status=201)


class LoginView(PublicEndpoint):
    """`POST auth/login`."""

    @docs.login
    def post(self, request: Request) -> Response:
        data = LoginInput(data=request.data)
        data.is_valid(raise_exception=True)
        user = services.sign_in(**data.validated_data, address=client_address(request))
        return _session(request, user)


class RefreshView(PublicEndpoint):
    """`POST auth/refresh`."""

    @docs.refresh
    def post(self, request: Request) -> Response:
        raw = presented_refresh(request)
        if raw is None:
            raise ApiError(401, "not_authenticated", "Nobody is signed in here.")
        grace = COOKIE_GRACE_SECONDS if uses_cookie(request) else 0
        try:
            pair = services.tokens_refresh(raw=raw, grace_seconds=grace)
        except TokenInvalid as error:
            raise token_refused(error) from error
        return tokens_response(request, pair)


class LogoutView(PublicEndpoint):
    """`POST auth/logout`; a token that has ended already is no error."""

    @docs.logout
    def post(self, request: Request) -> Response:
        raw = presented_refresh(request)
        if raw is not None:
            services.tokens_end(raw=raw)
        return signed_out_response(request)


class ChangePasswordView(Endpoint):
    """`POST auth/change-password`."""

    @docs.change_password
    def post(self, request: Request) -> Response:
        data = ChangePasswordInput(data=request.data)
        data.is_valid(raise_exception=True)
        services.password_change(user=cast("User", request.user), **data.validated_data)
        return signed_out_response(request)


class MeView(Endpoint):
    """`GET auth/me`."""

    @docs.me
    def get(self, request: Request) -> Response:
        return Response(UserOutput(request.user).data)


def _session(request: Request, user: User, *, status: int = 200) -> Response:
    pair = services.tokens_issue(user=user)
    return tokens_response(request, pair, status=status, user=UserOutput(user).data)
