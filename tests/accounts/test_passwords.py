"""A new password ends what the user has open, whichever way it is set, and says so once."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD, Api
from tests.heard import Heard

NEW = "quite another 5"

pytestmark = pytest.mark.django_db(transaction=True)

Way = Callable[[User], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed next is taken from here."""
    words = [NEW, NEW]
    monkeypatch.setattr("getpass.getpass", lambda **_: words.pop(0))
    return words


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", "", PASSWORD)


@pytest.fixture
def ways(api: Api, root: User, typed: list[str]) -> dict[str, Way]:
    def at_the_api(user: User) -> None:
        body = {"old_password": PASSWORD, "new_password": NEW}
        assert api(user).post("/api/v1/auth/change-password", body).status_code == 204

    def in_the_admin_site(who: User, page: str, **body: str) -> None:
        desk = Client()
        desk.force_login(who)
        assert desk.post(f"/admin/{page}", body).status_code == 302

    def by_themselves(user: User) -> None:
        new = {"new_password1": NEW, "new_password2": NEW}
        in_the_admin_site(user, "password_change/", old_password=PASSWORD, **new)

    def by_a_superuser(user: User) -> None:
        new = {"usable_password": "true", "password1": NEW, "password2": NEW}
        in_the_admin_site(root, f"accounts/user/{user.pk}/password/", **new)

    def on_the_command_line(user: User) -> None:
        call_command("changepassword", user.username)

    def in_a_shell(user: User) -> None:
        user.set_password(NEW)
        user.save()

    return {way.__name__: way for way in (
        at_the_api, by_themselves, by_a_superuser, on_the_command_line, in_a_shell,
    )}  # fmt: skip


@pytest.mark.parametrize(
    "way", ["at_the_api", "by_themselves", "by_a_superuser", "on_the_command_line", "in_a_shell"]
)
def test_a_new_password_ends_what_the_user_has_open(
    staff: User, heard: Heard, ways: dict[str, Way], way: str
) -> None:
    ways[way](staff)
    staff.refresh_from_db()
    assert staff.check_password(NEW)
    assert [(each["user"], each["reason"]) for each in heard] == [(staff.pk, "password_changed")]


def test_a_password_that_is_taken_away_does_so_too(
    client: Client, root: User, alice: User, heard: Heard
) -> None:
    client.force_login(root)
    none = {"usable_password": "false", "unset-password": "yes"}
    assert client.post(f"/admin/accounts/user/{alice.pk}/password/", none).status_code == 302
    assert [(each["user"], each["reason"]) for each in heard] == [(alice.pk, "password_changed")]


def test_who_changes_their_own_in_the_admin_site_stays_there(client: Client, staff: User) -> None:
    client.force_login(staff)
    body = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    client.post("/admin/password_change/", body)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "refused",
    [
        {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW},
        {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"},
    ],
)
def test_a_password_that_the_admin_site_refuses_ends_nothing(
    client: Client, staff: User, heard: Heard, refused: dict[str, str]
) -> None:
    client.force_login(staff)
    assert client.post("/admin/password_change/", refused).status_code == 200
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)
    assert heard == []


def test_a_password_that_the_command_refuses_ends_nothing(
    alice: User, typed: list[str], heard: Heard
) -> None:
    typed[:] = ["short", "short"] * 3
    with pytest.raises(CommandError):
        call_command("changepassword", "alice")
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert heard == []


def test_the_first_password_of_a_user_ends_nothing(api: Api, heard: Heard) -> None:
    answer = api().post("/api/v1/auth/register", {"username": "carol", "password": PASSWORD})
    assert answer.status_code == 201
    assert heard == []


def test_nor_does_the_one_that_staff_give_a_new_user(
    client: Client, root: User, heard: Heard
) -> None:
    client.force_login(root)
    body = {"username": "carol", "usable_password": "true", "password1": NEW, "password2": NEW}
    assert client.post("/admin/accounts/user/add/", body).status_code == 302
    assert User.objects.get(username="carol").check_password(NEW)
    assert heard == []
