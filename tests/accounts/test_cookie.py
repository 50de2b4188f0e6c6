from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import override_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.models import User
from tests.conftest import PASSWORD, Api, JsonClient

AUTH = "/api/v1/auth"
CREDENTIALS = {"username": "alice", "password": PASSWORD}


@pytest.fixture
def browser(api: Api) -> Any:
    """A client that keeps cookies and asks for the cookie transport."""

    def make(**options: Any) -> Any:
        return api(HTTP_X_TOKEN_TRANSPORT="cookie", **options)

    return make


@pytest.fixture
def signed_in(browser: Api, alice: User) -> Any:
    client = browser()
    assert client.post(f"{AUTH}/login", CREDENTIALS).status_code == 200
    return client


def elapse(seconds: float) -> None:
    """As if what has been used had been so much earlier."""
    moved = F("blacklisted_at") - timedelta(seconds=seconds)
    BlacklistedToken.objects.update(blacklisted_at=moved)


def test_the_refresh_token_is_in_the_cookie_and_not_in_the_body(browser: Api, alice: User) -> None:
    answer = browser().post(f"{AUTH}/login", CREDENTIALS)
    assert set(answer.json()) == {"access", "user"}
    cookie = answer.cookies["tickwatch_refresh"]
    assert cookie["httponly"] is True
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/api/v1/auth")
    assert cookie["max-age"] == 14 * 86400
    assert cookie["secure"] == ""


def test_registering_sets_the_cookie_too(browser: Api, db: None) -> None:
    answer = browser().post(f"{AUTH}/register", {"username": "carol", "password": PASSWORD})
    assert "tickwatch_refresh" in answer.cookies
    assert "refresh" not in answer.json()


def test_over_https_the_cookie_is_secure(browser: Api, alice: User) -> None:
    answer = browser().post(f"{AUTH}/login", CREDENTIALS, secure=True)
    assert answer.cookies["tickwatch_refresh"]["secure"] is True


def test_it_is_secure_where_the_operator_says_so(browser: Api, alice: User, settings: Any) -> None:
    settings.HTTPS_ONLY_COOKIES = True
    answer = browser().post(f"{AUTH}/login", CREDENTIALS)
    assert answer.cookies["tickwatch_refresh"]["secure"] is True


def test_the_cookie_refreshes_and_is_replaced(signed_in: JsonClient) -> None:
    before = signed_in.cookies["tickwatch_refresh"].value
    answer = signed_in.post(f"{AUTH}/refresh")
    assert (answer.status_code, set(answer.json())) == (200, {"access"})
    assert signed_in.cookies["tickwatch_refresh"].value != before
    assert signed_in.post(f"{AUTH}/refresh", {}).status_code == 200


def test_without_the_header_the_cookie_counts_for_nothing(signed_in: JsonClient) -> None:
    """A form on somebody else's page cannot set a header."""
    signed_in.defaults.pop("HTTP_X_TOKEN_TRANSPORT")
    before = signed_in.cookies["tickwatch_refresh"].value
    assert signed_in.post(f"{AUTH}/refresh").status_code == 400
    assert signed_in.post(f"{AUTH}/logout").status_code == 400
    assert signed_in.cookies["tickwatch_refresh"].value == before
    assert not BlacklistedToken.objects.exists()


def test_another_site_is_not_allowed_to_send_the_header(browser: Api, alice: User) -> None:
    preflight = {
        "HTTP_ORIGIN": "https://evil.example",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "x-token-transport",
    }
    answer = browser().options(f"{AUTH}/refresh", **preflight)
    assert "Access-Control-Allow-Origin" not in answer


@override_settings(CORS_ALLOWED_ORIGINS=["https://app.example"], CORS_ALLOW_CREDENTIALS=True)
def test_a_screen_named_in_cors_origins_may_use_the_cookie(browser: Api, alice: User) -> None:
    preflight = {
        "HTTP_ORIGIN": "https://app.example",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "x-token-transport",
    }
    answer = browser().options(f"{AUTH}/refresh", **preflight)
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer["Access-Control-Allow-Credentials"] == "true"
    allowed = answer["Access-Control-Allow-Headers"]
    assert {"x-token-transport", "idempotency-key"} <= set(allowed.split(", "))


def test_a_browser_without_cookie_is_not_signed_in(browser: Api, db: None) -> None:
    answer = browser().post(f"{AUTH}/refresh")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_token_in_the_body_does_not_count_beside_the_cookie_header(
    api: Api, browser: Api, alice: User
) -> None:
    token = api().post(f"{AUTH}/login", CREDENTIALS).json()["refresh"]
    assert browser().post(f"{AUTH}/refresh", {"refresh": token}).status_code == 401


def test_two_tabs_that_wake_up_together_stay_signed_in(signed_in: JsonClient, browser: Api) -> None:
    """Both send the same cookie; the second gets what comes after it, too."""
    late = browser()
    late.cookies["tickwatch_refresh"] = signed_in.cookies["tickwatch_refresh"].value
    signed_in.post(f"{AUTH}/refresh")
    answer = late.post(f"{AUTH}/refresh")
    assert (answer.status_code, set(answer.json())) == (200, {"access"})
    assert late.post(f"{AUTH}/refresh").status_code == 200


def test_an_answer_that_was_lost_is_given_again(signed_in: JsonClient, browser: Api) -> None:
    cookie = signed_in.cookies["tickwatch_refresh"].value
    signed_in.post(f"{AUTH}/refresh")
    elapse(55)
    signed_in.cookies["tickwatch_refresh"] = cookie
    assert signed_in.post(f"{AUTH}/refresh").status_code == 200
    elapse(3600)
    assert signed_in.post(f"{AUTH}/refresh").status_code == 200


def test_nobody_is_given_a_cookie_that_has_been_used(signed_in: JsonClient, browser: Api) -> None:
    """It would take the place of the newer one, and count as stolen a quarter of an hour later."""
    late = browser()
    late.cookies["tickwatch_refresh"] = signed_in.cookies["tickwatch_refresh"].value
    signed_in.post(f"{AUTH}/refresh")
    signed_in.post(f"{AUTH}/refresh")
    answer = late.post(f"{AUTH}/refresh")
    assert (answer.status_code, set(answer.json())) == (200, {"access"})
    assert "tickwatch_refresh" not in answer.cookies


def test_of_two_who_have_the_same_cookie_one_can_go_on(signed_in: JsonClient, browser: Api) -> None:
    """Who does not keep step with the other uses a cookie twice, sooner or later."""
    thief = browser()
    thief.cookies["tickwatch_refresh"] = signed_in.cookies["tickwatch_refresh"].value
    for client in (signed_in, thief, thief):
        assert client.post(f"{AUTH}/refresh").status_code == 200
    elapse(900)
    assert signed_in.post(f"{AUTH}/refresh").status_code == 401
    assert thief.post(f"{AUTH}/refresh").status_code == 401


def test_a_cookie_that_comes_back_later_ends_the_sign_in(
    signed_in: JsonClient, browser: Api
) -> None:
    thief = browser()
    thief.cookies["tickwatch_refresh"] = signed_in.cookies["tickwatch_refresh"].value
    signed_in.post(f"{AUTH}/refresh")
    elapse(61)
    assert thief.post(f"{AUTH}/refresh").status_code == 401
    assert signed_in.post(f"{AUTH}/refresh").status_code == 401


def test_after_logging_out_no_tab_gets_in_however_soon(signed_in: JsonClient, browser: Api) -> None:
    other = browser()
    other.cookies["tickwatch_refresh"] = signed_in.cookies["tickwatch_refresh"].value
    answer = signed_in.post(f"{AUTH}/logout")
    assert answer.status_code == 204
    gone = answer.cookies["tickwatch_refresh"]
    assert (gone.value, gone["max-age"], gone["path"]) == ("", 0, "/api/v1/auth")
    assert other.post(f"{AUTH}/refresh").status_code == 401


def test_logging_out_without_a_cookie_is_not_an_error(browser: Api, db: None) -> None:
    assert browser().post(f"{AUTH}/logout").status_code == 204


def test_a_new_password_takes_the_cookie_back(signed_in: JsonClient) -> None:
    access = signed_in.post(f"{AUTH}/refresh").json()["access"]
    signed_in.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    body = {"old_password": PASSWORD, "new_password": "quite another one 5"}
    answer = signed_in.post(f"{AUTH}/change-password", body)
    assert (answer.status_code, answer.cookies["tickwatch_refresh"].value) == (204, "")
