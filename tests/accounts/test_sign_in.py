from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import selectors
from accounts.models import User
from tests.conftest import PASSWORD, Api

LOGIN, REGISTER, ME = "/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/me"


def test_registering_signs_in(api: Api, db: None) -> None:
    answer = api().post(REGISTER, {"username": "carol", "password": PASSWORD, "email": "c@x.org"})
    assert answer.status_code == 201
    body = answer.json()
    user = User.objects.get(username="carol")
    assert body["user"] == {"id": user.pk, "username": "carol", "email": "c@x.org", "role": "user"}
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert client.get(ME).json() == body["user"]
    assert answer["Cache-Control"] == "no-store"


def test_email_is_optional(api: Api, db: None) -> None:
    answer = api().post(REGISTER, {"username": "carol", "password": PASSWORD})
    assert answer.json()["user"]["email"] == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "alice"}, "username"),
        ({"username": "ALICE"}, "username"),
        ({"username": "\uff21lice"}, "username"),  # a full-width A is the same letter
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "a\0b"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": 5.5}, "username"),
        ({"username": None}, "username"),
        ({"username": ["carol"]}, "username"),
        ({"password": "short1"}, "password"),
        ({"password": "12345678901"}, "password"),
        ({"password": "password1"}, "password"),
        ({"password": "carol-carol", "username": "carol-carol"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "a\0bcdefghijk"}, "password"),
        ({"email": "nonsense"}, "email"),
        ({"role": "staff"}, "role"),
        ({"is_superuser": True}, "is_superuser"),
    ],
    ids=str,
)
def test_a_refused_registration_names_the_field_and_makes_nobody(
    api: Api, alice: User, changes: Any, field: str
) -> None:
    answer = api().post(REGISTER, {"username": "carol", "password": PASSWORD, **changes})
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "invalid"
    assert field in answer.json()["fields"]
    assert User.objects.count() == 1


def test_weak_password_and_bad_name_are_both_named_at_once(api: Api, db: None) -> None:
    fields = api().post(REGISTER, {"username": "a b", "password": "short1"}).json()["fields"]
    assert set(fields) == {"username", "password"}


def test_losing_the_race_for_a_name_is_a_taken_name(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.services.username_taken", lambda _: False)
    answer = api().post(REGISTER, {"username": "Alice", "password": PASSWORD})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["username"])


def test_the_database_itself_keeps_names_unique_in_any_case(alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="aLICE")


def test_the_database_itself_knows_the_roles(alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(role="king")


@pytest.mark.parametrize("username", ["alice", "Alice", "ALICE", "\uff21lice"])
def test_the_name_may_be_in_any_case(api: Api, alice: User, username: str) -> None:
    answer = api().post(LOGIN, {"username": username, "password": PASSWORD})
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "user"}


def test_every_refusal_is_the_same_answer(api: Api, alice: User, bob: User) -> None:
    bob.is_active = False
    bob.save()
    tries = [("alice", "wrong"), ("nobody", PASSWORD), ("bob", PASSWORD), ("alice", PASSWORD + " ")]
    answers = [api().post(LOGIN, {"username": u, "password": p}) for u, p in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "not_authenticated"


@pytest.mark.parametrize("username", ["alice", "nobody", "bob"])
def test_every_refusal_costs_one_hash(
    api: Api, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    """So that the time does not tell which names exist."""
    bob.is_active = False
    bob.save()
    hashes = []
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)

        def counted(*args: Any, _real: Any = real, _name: Any = name) -> Any:
            hashes.append(_name)
            return _real(*args)

        monkeypatch.setattr(Argon2PasswordHasher, name, counted)
    assert api().post(LOGIN, {"username": username, "password": "wrong"}).status_code == 401
    assert len(hashes) == 1


@pytest.mark.parametrize("body", [{}, {"username": "alice"}, {"username": "alice", "password": ""}])
def test_login_wants_both(api: Api, alice: User, body: Any) -> None:
    assert api().post(LOGIN, body).status_code == 400


def test_a_stale_token_does_not_stand_in_the_way_of_signing_in(api: Api, alice: User) -> None:
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert client.post(LOGIN, {"username": "alice", "password": PASSWORD}).status_code == 200


def test_me_costs_one_query(api: Api, alice: User, django_assert_num_queries: Any) -> None:
    client = api(alice)
    with django_assert_num_queries(1):
        assert client.get(ME).json()["username"] == "alice"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Basic YWxpY2U6eA==", "not_authenticated"),
        ("", "not_authenticated"),
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Bearer a b", "token_invalid"),
        ("bearer x.y.z", "token_invalid"),
        ("Bearer \xe9\xe9", "token_invalid"),
    ],
)
def test_who_brings_no_good_token_is_told_how(api: Api, db: None, header: str, code: str) -> None:
    client = api()
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ["alice", "staff", "feeder"])
def test_me_tells_the_role(api: Api, request: Any, role: str) -> None:
    user = request.getfixturevalue(role)
    assert api(user).get(ME).json()["role"] == ("user" if role == "alice" else role)


def test_looking_a_name_up_uses_the_index(alice: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert selectors.username_taken("ALICE")
        assert User.objects.get_by_natural_key("ALICE") == alice
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in asked.captured_queries:
            cursor.execute("EXPLAIN " + query["sql"])
            assert "user_username_any_case" in str(cursor.fetchall())
