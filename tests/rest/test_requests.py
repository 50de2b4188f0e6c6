"""Bodies, headers and methods a program may get wrong. None of them is our fault, or a page."""

from typing import Any

import pytest

from accounts.models import User
from tests.conftest import PASSWORD, Api, MakeSecurity

LOGIN, REGISTER, ME = "/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/me"


def post(api: Api, body: Any, content_type: Any = "application/json", **extra: Any) -> Any:
    return api().generic("POST", REGISTER, body, content_type=content_type, **extra)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"username": "carol",}',
        b'{"username": "carol"} trailing',
        b'{"username": NaN}',
        b'{"username": "\xff\xfe"}',
        b'{"username": "\\ud800"}',
        b'{"username": "a\x00b"}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b" ",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_is_malformed(api: Api, db: None, body: Any) -> None:
    answer = post(api, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"5",
        b'"text"',
        b'{"username": ' + b"9" * 5000 + b"}",
        b'{"username": 1e999}',
        b'{"username": "a\\u0000b", "password": "correct horse battery 7"}',
        b'{"username": {"a": [1, {"b": null}]}, "password": []}',
        b'{"username": "carol", "password": true}',
        b'{"\\u0000": 1}',
        b'{"username": "carol", "username": "dave"}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_json_of_another_shape_is_invalid_or_malformed(api: Api, db: None, body: Any) -> None:
    answer = post(api, body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid", "malformed"}
    assert not User.objects.exists()


def test_a_missing_field_is_named(api: Api, db: None) -> None:
    assert post(api, b"").json() == {
        "code": "invalid",
        "message": "Some fields are not valid.",
        "fields": {
            "username": ["This field is required."],
            "password": ["This field is required."],
        },
    }


def test_a_list_instead_of_an_object_is_about_the_body(api: Api, db: None) -> None:
    assert list(post(api, b"[1]").json()["fields"]) == ["body"]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/xml", "application/json-patch+json", "nonsense", "/", "a/b/c"],
)  # fmt: skip
def test_other_content_types_are_415(api: Api, db: None, content_type: Any) -> None:
    answer = post(api, b"username=carol", content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y"]
)
def test_json_by_other_spellings_is_json(api: Api, db: None, content_type: Any) -> None:
    assert post(api, b"{}", content_type).json()["code"] == "invalid"


@pytest.mark.parametrize("accept", ["text/html", "image/png", "nonsense", "", "*/*;q=0"])
def test_whatever_is_accepted_the_answer_is_json(api: Api, alice: User, accept: Any) -> None:
    answer = api(alice).get(ME, HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("query", ["format=xml", "format=api", "unknown=1", "a[]=1&a[]=2", "=&&="])
def test_unknown_query_parameters_are_ignored(api: Api, alice: User, query: Any) -> None:
    assert api(alice).get(f"{ME}?{query}").status_code == 200


@pytest.mark.parametrize("path", [ME, f"{ME}/"])
def test_with_or_without_a_slash(api: Api, alice: User, path: str) -> None:
    assert api(alice).get(path).status_code == 200


def test_head_is_get_without_a_body(api: Api, alice: User) -> None:
    answer = api(alice).head(ME)
    assert (answer.status_code, answer.content) == (200, b"")


def test_options_names_the_methods(api: Api, db: None) -> None:
    answer = api().options(LOGIN)
    assert (answer.status_code, answer.json()) == (200, {"methods": ["POST", "OPTIONS"]})


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (ME, ["GET", "HEAD", "OPTIONS"]),
        ("/api/v1/watchlist", ["GET", "POST", "HEAD", "OPTIONS"]),
        ("/api/v1/watchlist/AAPL", ["PUT", "DELETE", "OPTIONS"]),
    ],
)
def test_options_names_the_methods_to_strangers_who_may_use_none(
    api: Api, db: None, path: str, methods: list[str]
) -> None:
    answer = api().options(path)
    assert answer.status_code == 200
    assert set(answer.json()["methods"]) == set(methods)
    for method in set(methods) - {"OPTIONS"}:
        assert api().generic(method, path).status_code == 401, method


@pytest.mark.parametrize(
    ("method", "path", "body", "header"),
    [
        ("get", ME, None, ""),
        ("get", ME, None, "Bearer nonsense"),
        ("post", LOGIN, {"username": "nobody", "password": PASSWORD}, ""),
        ("post", "/api/v1/auth/refresh", {"refresh": "nonsense"}, ""),
    ],
)
def test_a_401_asks_for_a_token_and_opens_no_dialog_of_a_browser(
    api: Api, db: None, method: str, path: str, body: Any, header: str
) -> None:
    client = api()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = getattr(client, method)(path, body)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "path",
    [ME, "/api/v1/watchlist", "/api/v1/securities", "/api/v1/securities/AAPL", "/api/v1/nothing",
     "/api/v1/securities/AAPL/history", "/api/v1/securities/NONE", "/api/v1/securities?limit=0",
     "/health"],
)  # fmt: skip
def test_nobody_may_keep_an_answer(
    api: Api, alice: User, security: MakeSecurity, path: str
) -> None:
    security("AAPL", price="10")
    assert api(alice).get(path)["Cache-Control"] == "no-store"
    assert api().get(path)["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/auth/me"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_what_is_not_there_is_404_for_every_method(
    api: Api, db: None, path: str, method: str
) -> None:
    client = api(enforce_csrf_checks=True)
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_post_does_not_need_a_csrf_token(api: Api, db: None) -> None:
    answer = api(enforce_csrf_checks=True).post(
        REGISTER, {"username": "carol", "password": PASSWORD}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("is_debug", [True, False])
@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        (ME, "evil.example", 400),
        (ME, "bad host", 400),
        ("/api/v1/nothing", "testserver", 404),
        ("/api/v1/securities?q=%00", "testserver", 400),
        ("/api/v1/nothing/%00", "testserver", 400),
    ],
)
def test_debug_shows_no_page_under_api(
    api: Api, db: None, settings: Any, is_debug: Any, path: str, host: Any, status: Any
) -> None:
    settings.DEBUG = is_debug
    answer = api().get(path, HTTP_HOST=host)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    assert set(answer.json()) == {"code", "message"}
