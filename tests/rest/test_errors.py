"""Every exception has one shape; a bug is a 500 in JSON, and in the log."""

from typing import Any

import httpx
import pytest
from django.core import exceptions as django_exceptions
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from structlog.testing import capture_logs

from accounts.models import User
from config.asgi import application
from rest.codes import CODES
from rest.errors import ApiError, as_api_error
from tests.conftest import Api

ME = "/api/v1/auth/me"


@pytest.fixture
def raises(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make `GET auth/me` raise."""

    def arrange(error: Any) -> Any:
        def fail(*_: Any) -> Any:
            raise error

        monkeypatch.setattr("accounts.api.views.MeView.get", fail)

    return arrange


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ApiError(409, "watchlist_full", "Full."), 409, "watchlist_full"),
        (Http404(), 404, "not_found"),
        (django_exceptions.PermissionDenied(), 403, "forbidden"),
        (django_exceptions.ValidationError({"name": ["Bad."]}), 400, "invalid"),
        (django_exceptions.ValidationError("Bad."), 400, "invalid"),
        (django_exceptions.SuspiciousOperation(), 400, "malformed"),
        (django_exceptions.TooManyFieldsSent(), 400, "malformed"),
        (django_exceptions.RequestDataTooBig(), 413, "too_large"),
        (UnreadablePostError(), 400, "malformed"),
        (DataError("out of range"), 400, "invalid"),
        (exceptions.Throttled(wait=7.4), 429, "throttled"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (exceptions.ParseError(), 400, "malformed"),
        (OperationalError("server closed the connection"), 503, "unavailable"),
        (InterfaceError("connection already closed"), 503, "unavailable"),
        (RedisConnectionError(), 503, "unavailable"),
        (RedisTimeoutError(), 503, "unavailable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_exception_has_its_code(
    api: Api, alice: User, raises: Any, error: Any, status: Any, code: str
) -> None:
    raises(error)
    answer = api(alice).get(ME)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert CODES[code].status == status


@pytest.mark.parametrize("error", [OperationalError("x"), RedisConnectionError("x")], ids=repr)
def test_unavailable_says_when_to_come_back_and_is_logged(
    api: Api, alice: User, raises: Any, error: Any
) -> None:
    raises(error)
    with capture_logs() as logs:
        answer = api(alice).get(ME)
    assert answer["Retry-After"] == "5"
    assert "request_unavailable" in {line["event"] for line in logs}


def test_throttled_says_when_to_come_back(api: Api, alice: User, raises: Any) -> None:
    raises(exceptions.Throttled(wait=7.4))
    assert api(alice).get(ME)["Retry-After"] == "8"


def test_nested_field_errors_are_flattened() -> None:
    detail = {"items": [{}, {"price": [ErrorDetail("Too low.")]}], "body": [ErrorDetail("No.")]}
    error = as_api_error(exceptions.ValidationError(detail))
    assert error.fields == {"items.1.price": ["Too low."], "body": ["No."]}


@pytest.mark.parametrize("is_debug", [True, False])
def test_a_bug_is_a_500_without_details_and_is_logged(
    api: Api, alice: User, raises: Any, settings: Any, is_debug: Any
) -> None:
    settings.DEBUG = is_debug
    raises(ZeroDivisionError("the secret reason"))
    client = api(alice, raise_request_exception=False)
    with capture_logs() as logs:
        answer = client.get(ME)
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/json")
    assert answer.json() == {"code": "error", "message": "Something went wrong on our side."}
    assert [line for line in logs if line["event"] == "request_failed"]


def test_a_bug_still_reaches_a_test(api: Api, alice: User, raises: Any) -> None:
    raises(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        api(alice).get(ME)


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_a_bug_is_a_500_in_json_too(
    raises: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.api.views.MeView.permission_classes", ())
    raises(ZeroDivisionError("a bug"))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get(ME)
        refused = await client.get(ME, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
