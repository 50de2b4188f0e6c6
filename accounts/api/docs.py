"""What the schema says about the sign-in endpoints, kept apart from what they do."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api.authentication import TokenAuthentication
from accounts.api.serializers import (
    ChangePasswordInput,
    LoginInput,
    RefreshInput,
    RegisterInput,
    SessionOutput,
    TokensOutput,
    UserOutput,
)
from rest.schema import error_responses

_USER = {"id": 1, "username": "alice", "email": "alice@example.com", "role": "user"}
_TOKENS = {"access": "eyJhbGciOi…", "refresh": "eyJhbGciOi…"}
_PASSWORD = "correct horse battery 7"  # noqa: S105

_TRANSPORT = OpenApiParameter(
    "X-Token-Transport",
    str,
    OpenApiParameter.HEADER,
    enum=["body", "cookie"],
    default="body",
    description=(
        "`cookie`: the refresh token travels as the HttpOnly cookie `tickwatch_refresh` "
        "instead of in the body, both ways."
    ),
)


def _asks(value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("request", value=value, request_only=True)


def _gives(value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample("response", value=value, response_only=True, status_codes=[str(status)])


_NOTHING = OpenApiResponse(description="Done; no body.")

register = extend_schema(
    operation_id="auth_register",
    tags=["auth"],
    summary="Make an account and sign in",
    description="Names are unique whatever their case. Limited per address.",
    request=RegisterInput,
    parameters=[_TRANSPORT],
    responses={201: SessionOutput, **error_responses("invalid", "throttled")},
    examples=[
        _asks({"username": "alice", "password": _PASSWORD, "email": "alice@example.com"}),
        _gives({**_TOKENS, "user": _USER}, 201),
    ],
)
login = extend_schema(
    operation_id="auth_login",
    tags=["auth"],
    summary="Sign in",
    description=(
        "Limited per account and per address. An unknown name, a wrong password and a "
        "disabled user get the same answer."
    ),
    request=LoginInput,
    parameters=[_TRANSPORT],
    responses={200: SessionOutput, **error_responses("not_authenticated", "throttled")},
    examples=[
        _asks({"username": "alice", "password": _PASSWORD}),
        _gives({**_TOKENS, "user": _USER}),
    ],
)
refresh = extend_schema(
    operation_id="auth_refresh",
    tags=["auth"],
    summary="Trade the refresh token for a new pair",
    description=(
        "Each refresh token works once. One that comes a second time ends all that "
        "descends from the same sign-in."
    ),
    request=RefreshInput,
    parameters=[_TRANSPORT],
    responses={200: TokensOutput, **error_responses("not_authenticated", "token_invalid")},
    examples=[_asks({"refresh": _TOKENS["refresh"]}), _gives(_TOKENS)],
)
logout = extend_schema(
    operation_id="auth_logout",
    tags=["auth"],
    summary="End the sign-in a refresh token belongs to",
    description=(
        "A token that has ended already is no error. An access token that was given out "
        "before lives on until it expires."
    ),
    request=RefreshInput,
    parameters=[_TRANSPORT],
    responses={204: _NOTHING},
    examples=[_asks({"refresh": _TOKENS["refresh"]})],
)
change_password = extend_schema(
    operation_id="auth_change_password",
    tags=["auth"],
    summary="Set a new password; every token of the user ends",
    description="Access tokens, too, everywhere and at once: sign in again with the new one.",
    request=ChangePasswordInput,
    parameters=[_TRANSPORT],
    responses={204: _NOTHING, **error_responses("invalid", "throttled")},
    examples=[_asks({"old_password": _PASSWORD, "new_password": "a better one 8"})],
)
me = extend_schema(
    operation_id="auth_me",
    tags=["auth"],
    summary="Who the access token belongs to",
    description="The role is `user`, `staff` (manages securities) or `feeder` (may push prices).",
    responses={200: UserOutput},
    examples=[_gives(_USER)],
)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names it; found by drf-spectacular through its base class."""

    target_class = TokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
