"""How often somebody may try. The clock is ours, so no test waits for a minute."""

import socket
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.test import Client
from structlog.testing import capture_logs

from accounts.models import User
from tests.conftest import PASSWORD, Api

LOGIN, REGISTER = "/api/v1/auth/login", "/api/v1/auth/register"
CHANGE = "/api/v1/auth/change-password"


@pytest.fixture(autouse=True)
def three_a_minute(settings: Any) -> Any:
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 3


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Half past some minute; `clock.now` may be set."""

    class Clock:
        now = 1_770_033_630.0

    monkeypatch.setattr("accounts.limits.time.time", lambda: Clock.now)
    return Clock


def login(api: Api, username: str = "alice", password: Any = "wrong", **extra: Any) -> Any:
    return api().post(LOGIN, {"username": username, "password": password}, **extra)


def test_the_fourth_attempt_on_an_account_waits_for_the_next_minute(
    api: Api, alice: User, clock: Any
) -> None:
    assert [login(api).status_code for _ in range(3)] == [401] * 3
    refused = login(api, password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused["Retry-After"] == "30"
    clock.now += 30
    assert login(api, password=PASSWORD).status_code == 200


def test_the_name_counts_in_any_case(api: Api, alice: User) -> None:
    for name in ("alice", "ALICE", "\uff21lice"):
        login(api, name)
    assert login(api, "Alice").status_code == 429


def test_a_name_in_whatever_letters_postgres_takes_for_it_is_that_name(
    api: Api, alice: User
) -> None:
    assert User.objects.get_by_natural_key("al\u0130ce") == alice
    for name in ("alice", "al\u0130ce", "AL\u0130CE"):
        login(api, name)
    assert login(api, "alice").status_code == 429


def test_names_that_do_not_exist_are_counted_alike(api: Api, db: None) -> None:
    answers = [login(api, "nobody").status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]


def test_another_account_is_not_held_up(api: Api, alice: User, bob: User) -> None:
    for _ in range(4):
        login(api)
    assert login(api, "bob", PASSWORD).status_code == 200


def test_who_locks_an_account_locks_it_for_one_address_alone(api: Api, alice: User) -> None:
    answers = [login(api, REMOTE_ADDR="192.0.2.66").status_code for _ in range(60)]
    assert answers == [401] * 3 + [429] * 57
    assert login(api, password=PASSWORD).status_code == 200


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_ten_addresses_together_stop_at_ten_times_the_limit(
    api: Api, alice: User, clock: Any, name: str
) -> None:
    for number in range(10):
        answers = [login(api, name, REMOTE_ADDR=f"192.0.2.{number}") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    refused = login(api, name, PASSWORD, REMOTE_ADDR="192.0.2.99")
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    clock.now += 30
    assert login(api, name, REMOTE_ADDR="192.0.2.99").status_code == 401


def test_success_does_not_forgive_what_others_tried_on_the_account(api: Api, alice: User) -> None:
    for number in range(29):
        login(api, REMOTE_ADDR=f"192.0.2.{number}")
    assert [login(api, password=PASSWORD).status_code for _ in range(3)] == [200] * 3
    assert [login(api).status_code for _ in range(2)] == [401, 429]


def test_an_address_that_tries_many_names_is_stopped(api: Api, db: None) -> None:
    answers = [login(api, f"name{number}").status_code for number in range(16)]
    assert answers == [401] * 15 + [429]
    assert login(api, "one-more", REMOTE_ADDR="192.0.2.1").status_code == 401


def test_success_forgives_the_account(api: Api, alice: User) -> None:
    for _ in range(5):
        assert login(api).status_code == 401
        assert login(api).status_code == 401
        assert login(api, password=PASSWORD).status_code == 200


def test_success_does_not_forgive_what_the_address_tried_elsewhere(api: Api, alice: User) -> None:
    """Or somebody with an account of their own could try all others for ever."""
    for number in range(14):
        login(api, f"name{number}")
    assert login(api, password=PASSWORD).status_code == 200
    assert [login(api, f"more{number}").status_code for number in range(2)] == [401, 429]


def test_people_who_share_an_address_and_know_their_passwords_are_not_limited(
    api: Api, alice: User
) -> None:
    assert {login(api, password=PASSWORD).status_code for _ in range(20)} == {200}


def test_a_made_up_forwarded_address_does_not_help(api: Api, alice: User) -> None:
    for number in range(15):
        login(api, f"name{number}", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert login(api, "more", HTTP_X_FORWARDED_FOR="192.0.2.99").status_code == 429


def test_attempts_at_the_same_time_are_all_counted(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count comes before the password is looked at."""
    order = []
    monkeypatch.setattr("accounts.services.authenticate", lambda **_: order.append("password"))
    monkeypatch.setattr("accounts.limits._increment", lambda _: order.append("count") or 1)
    login(api)
    assert order == ["count", "count", "count", "password"]


def test_counters_end_by_themselves(api: Api, alice: User) -> None:
    login(api)
    client = redis.Redis.from_url(cache._cache._servers[0])
    keys = list(client.scan_iter(f"{cache.key_prefix}:*attempts*"))
    assert len(keys) == 3
    assert all(0 < client.ttl(key) <= 120 for key in keys)


def test_registering_is_limited_per_address_and_generously(api: Api, db: None) -> None:
    answers = [api().post(REGISTER, {"username": "x", "password": "y"}) for _ in range(19)]
    assert [answer.status_code for answer in answers] == [400] * 18 + [429]
    body = {"username": "carol", "password": PASSWORD}
    assert api().post(REGISTER, body).status_code == 429
    assert not User.objects.exists()
    assert api().post(REGISTER, body, REMOTE_ADDR="192.0.2.1").status_code == 201


def test_guessing_the_old_password_is_limited_too(api: Api, alice: User) -> None:
    client = api(alice)
    body = {"old_password": "wrong", "new_password": "quite another one 5"}
    assert [client.post(CHANGE, body).status_code for _ in range(4)] == [400, 400, 400, 429]


def test_without_redis_signing_in_still_works_and_says_so_in_the_log(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
    monkeypatch.setattr(cache._cache, "_servers", [nobody])
    monkeypatch.setattr(cache._cache, "_pools", {})
    with capture_logs() as logs:
        assert login(api, password=PASSWORD).status_code == 200
        assert login(api).status_code == 401
    assert {line["event"] for line in logs} >= {"attempts_not_counted"}


def test_a_redis_that_hangs_costs_one_timeout(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def hang(*command: object) -> None:
        asked.append(command)
        raise redis.TimeoutError("Timeout reading from socket")

    for name in ("add", "incr", "decr", "delete"):
        monkeypatch.setattr(cache._cache, name, hang, raising=False)
    assert login(api, password=PASSWORD).status_code == 200
    assert len(asked) == 1


def test_the_admin_site_counts_with_the_api(api: Api, client: Client, staff: User) -> None:
    body = {"username": "staff", "password": "wrong"}
    assert "Username or password is wrong." in client.post("/admin/login/", body).content.decode()
    assert [login(api, "staff").status_code for _ in range(2)] == [401, 401]
    page = client.post("/admin/login/", {"username": "staff", "password": PASSWORD})
    assert "Too many attempts. Try again in 30 s." in page.content.decode()
    assert "_auth_user_id" not in client.session
