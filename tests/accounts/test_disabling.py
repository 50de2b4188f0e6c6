"""Disabling a user ends what they were signed in with, and enabling brings none of it back."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from redis.exceptions import RedisError

from accounts import services
from accounts.claims import TokenInvalid, token_claims
from accounts.models import User
from accounts.selectors import living_sessions
from accounts.services import (
    TokenPair,
    password_set,
    tokens_issue,
    tokens_refresh,
    untold_ends_tell,
    user_update,
)
from tests.accounts.test_roles import form
from tests.conftest import PASSWORD, Api
from tests.heard import Heard

LOGIN, LOGOUT, ME = "/api/v1/auth/login", "/api/v1/auth/logout", "/api/v1/auth/me"


def set_active(user: User, *, active: bool) -> None:
    user.refresh_from_db()
    user.is_active = active
    user_update(user=user, fields={"is_active"})


def in_the_admin_site(user: User, *, active: bool) -> None:
    root, _ = User.objects.get_or_create(username="root", role="staff", is_superuser=True)
    client = Client()
    client.force_login(root)
    body = form(user, is_active="on" if active else None)
    assert client.post(f"/admin/accounts/user/{user.pk}/change/", body).status_code == 302


def in_a_shell(user: User, *, active: bool) -> None:
    user.is_active = active
    user.save()


def many_at_once(user: User, *, active: bool) -> None:
    User.objects.filter(pk=user.pk).update(is_active=active)


def assert_ended(api: Api, pair: TokenPair) -> None:
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert client.get(ME).status_code == 401
    assert living_sessions([token_claims(pair.access)]) == set()
    with pytest.raises(TokenInvalid):
        tokens_refresh(raw=pair.refresh or "")


@pytest.mark.parametrize("way", [set_active, in_the_admin_site, in_a_shell, many_at_once])
def test_enabling_brings_no_token_back_whichever_way_the_user_was_disabled(
    api: Api, alice: User, bob: User, way: Callable[..., None]
) -> None:
    pair, others = tokens_issue(user=alice), tokens_issue(user=bob)
    way(alice, active=False)
    assert_ended(api, pair)
    way(alice, active=True)
    assert_ended(api, pair)
    assert tokens_refresh(raw=others.refresh or "")


def test_who_is_enabled_again_signs_in_with_the_old_password(api: Api, alice: User) -> None:
    set_active(alice, active=False)
    assert api().post(LOGIN, {"username": "alice", "password": PASSWORD}).status_code == 401
    set_active(alice, active=True)
    answer = api().post(LOGIN, {"username": "alice", "password": PASSWORD})
    assert answer.status_code == 200
    assert tokens_refresh(raw=answer.json()["refresh"])


def test_each_disabling_ends_what_was_given_out_since_the_last(api: Api, alice: User) -> None:
    pairs = []
    for _ in range(2):
        pairs.append(tokens_issue(user=alice))
        set_active(alice, active=False)
        set_active(alice, active=True)
        alice.refresh_from_db()
    for pair in pairs:
        assert_ended(api, pair)


def test_a_sign_out_while_the_user_is_disabled_holds(api: Api, alice: User) -> None:
    pair = tokens_issue(user=alice)
    set_active(alice, active=False)
    assert api().post(LOGOUT, {"refresh": pair.refresh}).status_code == 204
    set_active(alice, active=True)
    assert_ended(api, pair)


def test_a_sign_in_that_was_under_way_comes_to_nothing(api: Api, alice: User) -> None:
    proven = User.objects.get(pk=alice.pk)
    set_active(alice, active=False)
    late = tokens_issue(user=proven)
    set_active(alice, active=True)
    assert_ended(api, late)


def test_a_session_of_the_admin_site_ends_as_well(client: Client, staff: User) -> None:
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200
    set_active(staff, active=False)
    set_active(staff, active=True)
    assert client.get("/admin/").status_code == 302


def test_whoever_saves_a_user_read_before_brings_no_token_back(api: Api, alice: User) -> None:
    pair, read_before = tokens_issue(user=alice), User.objects.get(pk=alice.pk)
    set_active(alice, active=False)
    read_before.save()
    assert_ended(api, pair)


def test_an_edit_of_a_user_read_before_neither_enables_nor_restores_the_password(
    alice: User,
) -> None:
    read_before = User.objects.get(pk=alice.pk)
    set_active(alice, active=False)
    password_set(user=alice, password="quite another 5")
    read_before.email = "new@example.com"
    user_update(user=read_before, fields={"email"})
    alice.refresh_from_db()
    assert (alice.email, alice.is_active) == ("new@example.com", False)
    assert alice.check_password("quite another 5")


@pytest.mark.parametrize("is_told_again", [False, True])
def test_a_page_that_was_opened_before_neither_enables_nor_takes_anything_back(
    client: Client, alice: User, is_told_again: bool
) -> None:
    root = User.objects.create_superuser("root")
    client.force_login(root)
    page = f"/admin/accounts/user/{alice.pk}/change/"
    opened = {**form(alice), **shown_initially(client.get(page))}
    set_active(alice, active=False)
    if is_told_again:
        refused = client.post(page, {**opened, "email": "nonsense"})
        opened.update(shown_initially(refused))
    assert client.post(page, {**opened, "email": "new@example.com"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.is_active) == ("new@example.com", False)


def shown_initially(page: Any) -> dict[str, str]:
    """What a page of a form sends along of how it was when it was opened."""
    found = re.findall(r'name="(initial-\w+)" value="([^"]*)"', page.content.decode())
    assert "initial-is_active" in dict(found)
    assert "initial-password" not in dict(found)
    return dict(found)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_disable_and_enable_at_once_neither_brings_a_token_back(
    api: Api, alice: User
) -> None:
    pair = tokens_issue(user=alice)

    def enable() -> None:
        many_at_once(alice, active=True)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            many_at_once(alice, active=False)
            enabling = pool.submit(enable)  # it waits for the row
        enabling.result(20)
    alice.refresh_from_db()
    assert alice.is_active
    assert_ended(api, pair)


@pytest.mark.django_db(transaction=True)
def test_another_edit_ends_nothing(api: Api, alice: User, heard: Heard) -> None:
    theirs = api(alice)
    alice.email = "new@example.com"
    in_the_admin_site(alice, active=True)
    assert theirs.get(ME).json()["email"] == "new@example.com"
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_user_is_told_once_and_an_edit_while_disabled_says_nothing(
    alice: User, heard: Heard
) -> None:
    in_the_admin_site(alice, active=False)
    alice.refresh_from_db()
    alice.email = "new@example.com"
    in_the_admin_site(alice, active=False)
    assert [(each["user"], each["reason"]) for each in heard] == [(alice.pk, "disabled")]


def in_psql(statement: str) -> Callable[[User], None]:
    def run(user: User) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, [user.pk])

    return run


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("way", "ending"),
    [
        (lambda user: in_a_shell(user, active=False), "disabled"),
        (lambda user: many_at_once(user, active=False), "disabled"),
        (lambda user: user.delete(), "disabled"),
        (in_psql("UPDATE accounts_user SET is_active = false WHERE id = %s"), "disabled"),
        (in_psql("DELETE FROM accounts_user WHERE id = %s"), "disabled"),
        (in_psql("UPDATE accounts_user SET password = '!' WHERE id = %s"), "password_changed"),
    ],
    ids=["save", "update", "delete", "psql", "psql-delete", "psql-password"],
)
def test_whichever_way_sign_ins_end_it_is_told_soon_and_not_lost(
    alice: User, heard: Heard, way: Callable[[User], None], ending: str
) -> None:
    key = alice.pk
    way(alice)
    assert heard == []
    heard.away = True
    with pytest.raises(RedisError):
        untold_ends_tell()
    heard.away = False
    assert untold_ends_tell() == 1
    assert [(each["user"], each["family"], each["reason"]) for each in heard] == [
        (key, None, ending)
    ]
    assert untold_ends_tell() == 0


@pytest.mark.django_db(transaction=True)
def test_of_thousands_disabled_at_once_each_is_told_of(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TELL_BATCH", 10)
    User.objects.bulk_create(User(username=f"user {n}") for n in range(25))
    User.objects.update(is_active=False)
    assert untold_ends_tell() == 25
    assert sorted(heard.users) == sorted(User.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_what_ends_nothing_is_not_told(alice: User, heard: Heard) -> None:
    User.objects.update(email="new@example.com", role="staff", is_active=True)
    User.objects.create_user("carol", password=PASSWORD)
    assert untold_ends_tell() == 0


@pytest.mark.django_db(transaction=True)
def test_the_migration_signs_nobody_out_but_those_who_are_disabled(
    api: Api, alice: User, bob: User
) -> None:
    of_alice, of_bob = tokens_issue(user=alice), tokens_issue(user=bob)
    try:
        call_command("migrate", "accounts", "0001", verbosity=0)
        with connection.cursor() as cursor:  # the model has a column that the table has not
            cursor.execute("UPDATE accounts_user SET is_active = (id = %s)", [alice.pk])
    finally:
        call_command("migrate", "accounts", verbosity=0)
    set_active(bob, active=True)
    assert living_sessions([token_claims(of_alice.access)])
    assert_ended(api, of_bob)
