"""One shape for every error: `{"code", "message", "fields"?}` with the right status.

Views raise `ApiError` (or let DRF's and Django's own exceptions pass); the
handler below turns all of them into that shape. Bad input is never a 500, and a
database or Redis that is away is a 503 that says when to come back.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, JsonResponse, UnreadablePostError
from redis.exceptions import RedisError
from rest_framework import exceptions, status
from rest_framework.response import Response

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 5
CHALLENGE = 'Bearer realm="tickwatch"'
NO_STORE = {"Cache-Control": "no-store"}
INVALID = "Some fields are not valid."
UNAVAILABLE = (OperationalError, InterfaceError, RedisError)
"""Nobody answers; or Redis does, but cannot: its disk is full, say, or it is a replica by now."""
AWAY = (*UNAVAILABLE, OSError)
"""The same, where an error of the operating system can be one of the network alone."""


class ApiError(Exception):
    """An answer other than success: `status` is HTTP's, `code` is for programs to compare.

    A 401 says by itself how to sign in: with a bearer token.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        challenge = {"WWW-Authenticate": CHALLENGE} if status == 401 else {}
        self.fields, self.headers = fields, {**challenge, **(headers or {})}


def error_body(
    code: str, message: str, fields: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    """The JSON body of an error."""
    body: dict[str, Any] = {"code": code, "message": message}
    if fields:
        body["fields"] = fields
    return body


def error_response(error: ApiError) -> JsonResponse:
    """An error for plain Django views, outside DRF."""
    return JsonResponse(
        error_body(error.code, error.message, error.fields),
        status=error.status,
        headers={**NO_STORE, **error.headers},
    )


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. What it does not know is a bug and stays a 500, logged."""
    error = as_api_error(exc)
    if error is None:
        return None
    if error.status >= 500:
        log.warning("request_unavailable", cause=exc)
    return Response(
        error_body(error.code, error.message, error.fields),
        status=error.status,
        headers=dict(error.headers),
    )


def as_api_error(exc: Exception) -> ApiError | None:
    """The answer for an exception, or None if it is a bug."""
    if isinstance(exc, ApiError):
        return exc
    if isinstance(exc, UNAVAILABLE):
        return ApiError(
            503,
            "unavailable",
            "The service cannot reach its database or cache. Try again shortly.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    if isinstance(exc, Http404):
        return ApiError(404, "not_found", "There is nothing at this address.")
    if isinstance(exc, PermissionDenied):
        return ApiError(403, "forbidden", "You may not do this.")
    if isinstance(exc, exceptions.APIException):
        return _from_drf(exc)
    return _from_django(exc)


def _from_django(exc: Exception) -> ApiError | None:
    if isinstance(exc, ModelValidationError):
        fields = exc.message_dict if hasattr(exc, "error_dict") else {"body": exc.messages}
        return ApiError(400, "invalid", INVALID, fields=fields)
    if isinstance(exc, DataError):
        # Postgres refused a value: too large a number, say. The client sent it.
        return ApiError(400, "invalid", "Some value is not one that can be stored.")
    if isinstance(exc, RequestDataTooBig):
        return ApiError(413, "too_large", "The body is too large.")
    if isinstance(exc, (SuspiciousOperation, UnreadablePostError)):
        return ApiError(400, "malformed", "The request is not valid.")
    return None


_DRF_CODES = {
    exceptions.ParseError: "malformed",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "token_invalid",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
}


def _from_drf(exc: exceptions.APIException) -> ApiError:
    headers = {}
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(exc, exceptions.ValidationError):
        return ApiError(400, "invalid", INVALID, fields=_fields(exc.detail))
    code = next((code for kind, code in _DRF_CODES.items() if isinstance(exc, kind)), "error")
    return ApiError(exc.status_code, code, _sentence(exc.detail), headers=headers)


def _sentence(detail: Any) -> str:
    if isinstance(detail, dict):
        return str(detail.get("detail", "The request was refused."))
    return str(detail)


def _fields(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail, flattened: {"items.2.price": ["…"]}."""
    if isinstance(detail, dict):
        pairs = [(f"{path}.{key}" if path else str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, (dict, list)) for item in detail):
        pairs = [(f"{path}.{i}" if path else str(i), item) for i, item in enumerate(detail)]
    else:
        return {path or "body": [str(item) for item in detail]} if detail else {}
    return {name: texts for key, value in pairs for name, texts in _fields(value, key).items()}


def server_error_body() -> JsonResponse:
    """What a bug answers; the details are in the log under the request id."""
    return JsonResponse(
        error_body("error", "Something went wrong on our side."),
        status=status.HTTP_500_INTERNAL_SERVER_ERROR,
    )
