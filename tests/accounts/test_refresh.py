import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.claims import TokenInvalid
from accounts.models import User
from accounts.services import expired_tokens_flush, tokens_issue, tokens_refresh
from accounts.tasks import flush_expired_tokens
from tests.conftest import PASSWORD, Api

REFRESH, LOGOUT, ME = "/api/v1/auth/refresh", "/api/v1/auth/logout", "/api/v1/auth/me"
LOGIN, CHANGE = "/api/v1/auth/login", "/api/v1/auth/change-password"


def refresh(api: Api, token: str) -> Any:
    return api().post(REFRESH, {"refresh": token})


def test_a_refresh_token_buys_a_new_pair(api: Api, alice: User) -> None:
    first = tokens_issue(user=alice)
    body = refresh(api, first.refresh).json()
    assert set(body) == {"access", "refresh"}
    assert body["refresh"] != first.refresh
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert client.get(ME).status_code == 200


def test_a_used_refresh_token_is_refused_and_takes_its_family_along(api: Api, alice: User) -> None:
    first = tokens_issue(user=alice).refresh
    second = refresh(api, first).json()["refresh"]
    again = refresh(api, first)
    assert (again.status_code, again.json()["code"]) == (401, "token_invalid")
    assert refresh(api, second).status_code == 401


def test_other_sign_ins_outlive_a_family(api: Api, alice: User) -> None:
    phone, laptop = tokens_issue(user=alice).refresh, tokens_issue(user=alice).refresh
    refresh(api, phone)
    refresh(api, phone)
    assert refresh(api, laptop).status_code == 200


def test_a_new_sign_in_works_after_a_family_ended(api: Api, alice: User) -> None:
    first = tokens_issue(user=alice).refresh
    refresh(api, first)
    refresh(api, first)
    assert api().post(LOGIN, {"username": "alice", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": 5, "x": 1}])
def test_without_a_token_the_field_is_named(api: Api, db: None, body: Any) -> None:
    answer = api().post(REFRESH, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_an_access_token_does_not_refresh(api: Api, alice: User) -> None:
    assert refresh(api, tokens_issue(user=alice).access).status_code == 401


def test_a_disabled_user_cannot_refresh(api: Api, alice: User) -> None:
    token = tokens_issue(user=alice).refresh
    alice.is_active = False
    alice.save()
    assert refresh(api, token).status_code == 401


def test_tokens_are_not_stored(api: Api, alice: User) -> None:
    token = tokens_issue(user=alice).refresh
    assert not OutstandingToken.objects.exists()
    refresh(api, token)
    assert [row.token for row in OutstandingToken.objects.all()] == [""]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_time_one_wins(alice: User) -> None:
    token = tokens_issue(user=alice).refresh
    start, results = threading.Barrier(6), []

    def contend() -> Any:
        start.wait()
        try:
            tokens_refresh(raw=token)
            results.append("won")
        except TokenInvalid:
            results.append("lost")
        finally:
            connection.close()

    threads = [threading.Thread(target=contend) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["lost"] * 5 + ["won"]


def test_logging_out_ends_the_sign_in_and_nothing_else(api: Api, alice: User) -> None:
    first, other = tokens_issue(user=alice).refresh, tokens_issue(user=alice).refresh
    second = refresh(api, first).json()["refresh"]
    answer = api().post(LOGOUT, {"refresh": second})
    assert (answer.status_code, answer.content) == (204, b"")
    assert refresh(api, second).status_code == 401
    assert refresh(api, other).status_code == 200


def test_logging_out_twice_is_not_an_error(api: Api, alice: User) -> None:
    token = tokens_issue(user=alice).refresh
    codes = [api().post(LOGOUT, {"refresh": token}).status_code for _ in range(2)]
    assert codes == [204, 204]


def test_logging_out_with_nonsense_ends_nothing(api: Api, alice: User) -> None:
    assert api().post(LOGOUT, {"refresh": "nonsense"}).status_code == 204
    assert not BlacklistedToken.objects.exists()


def test_logging_out_without_a_token_says_what_is_missing(api: Api, alice: User) -> None:
    answer = api(alice).post(LOGOUT, {})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["refresh"])


def test_a_new_password_ends_every_token_of_the_user_alone(
    api: Api, alice: User, bob: User
) -> None:
    client, old, bobs = api(alice), tokens_issue(user=alice).refresh, tokens_issue(user=bob).refresh
    new = {"old_password": PASSWORD, "new_password": "quite another one 5"}
    assert client.post(CHANGE, new).status_code == 204
    assert client.get(ME).status_code == 401
    assert refresh(api, old).status_code == 401
    assert refresh(api, bobs).status_code == 200
    login = api().post(LOGIN, {"username": "alice", "password": "quite another one 5"})
    assert login.status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", "quite another one 5", "old_password"),
        (PASSWORD, "short1", "new_password"),
        (PASSWORD, "alice@example", "new_password"),
        (PASSWORD, "", "new_password"),
    ],
)
def test_a_refused_password_changes_nothing(
    api: Api, alice: User, old: str, new: str, field: str
) -> None:
    client = api(alice)
    answer = client.post(CHANGE, {"old_password": old, "new_password": new})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert client.get(ME).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_changing_the_password_needs_a_token(api: Api, alice: User) -> None:
    body = {"old_password": PASSWORD, "new_password": "quite another one 5"}
    assert api().post(CHANGE, body).status_code == 401


def test_the_hourly_flush_deletes_only_what_has_expired(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.services.FLUSH_BATCH", 2)
    live = tokens_issue(user=alice).refresh
    tokens_refresh(raw=live)
    past = timezone.now() - timedelta(days=1)
    for number in range(5):
        row = OutstandingToken.objects.create(
            user=alice, jti=f"old{number}", token="", expires_at=past
        )
        BlacklistedToken.objects.create(token=row)
    assert expired_tokens_flush() == 5
    flush_expired_tokens()  # safe to run twice
    assert BlacklistedToken.objects.count() == OutstandingToken.objects.count() == 1
    with pytest.raises(TokenInvalid):
        tokens_refresh(raw=live)
