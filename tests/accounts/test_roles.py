"""Who may do what in the admin site."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import Role, User
from tests.conftest import PASSWORD, Api, make_user


@pytest.fixture
def root(db: None) -> Any:
    return User.objects.create_superuser("root", "", PASSWORD)


@pytest.fixture
def helper(db: None) -> Any:
    """Staff to whom a superuser has given the users as well, one permission at a time."""
    from django.contrib.auth.models import Permission

    user = make_user("helper", Role.STAFF)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return user


@pytest.mark.parametrize(
    ("perm", "expected"),
    [
        ("securities.add_security", True),
        ("securities.change_security", True),
        ("securities.view_quote", True),
        ("watchlists.view_watchlist", True),
        ("pricefeed.view_anomaly", True),
        ("pricefeed.delete_anomaly", False),
        ("watchlists.change_watchlist", False),
        ("watchlists.delete_watchlistitem", False),
        ("accounts.view_user", False),
        ("accounts.change_user", False),
        ("auth.add_group", False),
    ],
)
def test_staff_manage_securities_and_see_watchlists(
    staff: User, alice: User, feeder: User, perm: Any, expected: Any
) -> None:
    assert staff.has_perm(perm) is expected
    assert not alice.has_perm(perm)
    assert not feeder.has_perm(perm)


def test_disabled_staff_may_nothing(staff: User) -> None:
    staff.is_active = False
    assert not staff.has_perm("securities.change_security")
    assert not staff.has_module_perms("securities")


def test_the_admin_site_shows_staff_their_apps_alone(client: Client, staff: User) -> None:
    client.force_login(staff)
    page = client.get("/admin/").content.decode()
    assert "/admin/securities/" in page
    assert "/admin/accounts/" not in page
    assert client.get("/admin/accounts/user/").status_code == 403


@pytest.mark.parametrize("who", ["alice", "feeder"])
def test_others_do_not_get_into_the_admin_site(client: Client, request: Any, who: Any) -> None:
    client.force_login(request.getfixturevalue(who))
    answer = client.get("/admin/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/")


def test_the_admin_site_signs_staff_in_with_their_password(client: Client, staff: User) -> None:
    body = {"username": "STAFF", "password": PASSWORD}
    assert client.post("/admin/login/?next=/admin/", body).status_code == 302
    assert client.get("/admin/").status_code == 200


def form(user: User, **changes: Any) -> Any:
    """What the browser would send for that user's page, unchanged but for the changes."""
    fields = {"username": user.username, "email": user.email, "role": user.role}
    if user.is_active:
        fields["is_active"] = "on"
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def test_a_superuser_gives_roles(client: Client, root: Any, alice: User) -> None:
    client.force_login(root)
    assert client.get("/admin/accounts/user/?q=ali&role__exact=user").status_code == 200
    answer = client.post(f"/admin/accounts/user/{alice.pk}/change/", form(alice, role="feeder"))
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert alice.role == Role.FEEDER


def test_a_superuser_puts_a_user_into_a_group(client: Client, root: Any, alice: User) -> None:
    group = Group.objects.create(name="Readers")
    client.force_login(root)
    fields = form(alice, email="new@example.com", groups=[group.pk])
    assert client.post(f"/admin/accounts/user/{alice.pk}/change/", fields).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, [*alice.groups.all()]) == ("new@example.com", [group])


def test_a_superuser_makes_users(client: Client, root: Any) -> None:
    client.force_login(root)
    body = {
        "username": "carol", "usable_password": "true",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    answer = client.post("/admin/accounts/user/add/", body)
    assert answer.status_code == 302
    carol = User.objects.get(username="carol")
    assert carol.check_password(PASSWORD)
    assert (carol.role, carol.is_superuser) == (Role.USER, False)


def test_the_admin_site_refuses_a_name_in_another_case(
    client: Client, root: Any, alice: User
) -> None:
    client.force_login(root)
    body = {
        "username": "ALICE", "usable_password": "true",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    answer = client.post("/admin/accounts/user/add/", body)
    assert answer.status_code == 200
    assert User.objects.filter(username__iexact="alice").count() == 1


def test_a_password_set_in_the_admin_site_ends_the_tokens(
    api: Api, client: Client, root: Any, alice: User
) -> None:
    theirs = api(alice)
    client.force_login(root)
    new = {
        "usable_password": "true",
        "password1": "quite another 5",
        "password2": "quite another 5",
    }
    client.post(f"/admin/accounts/user/{alice.pk}/password/", new)
    assert theirs.get("/api/v1/auth/me").status_code == 401


def test_a_user_may_be_left_without_a_password(client: Client, root: Any, alice: User) -> None:
    client.force_login(root)
    none = {"usable_password": "false", "unset-password": "yes"}
    assert client.post(f"/admin/accounts/user/{alice.pk}/password/", none).status_code == 302
    alice.refresh_from_db()
    assert not alice.has_usable_password()


def test_disabling_in_the_admin_site_ends_the_tokens(
    api: Api, client: Client, root: Any, alice: User
) -> None:
    theirs = api(alice)
    client.force_login(root)
    client.post(f"/admin/accounts/user/{alice.pk}/change/", form(alice, is_active=None))
    assert theirs.get("/api/v1/auth/me").status_code == 401


def test_who_may_edit_users_cannot_make_themselves_more(client: Client, helper: Any) -> None:
    client.force_login(helper)
    wanted = form(helper, is_superuser="on", role="feeder", email="new@example.com")
    assert client.post(f"/admin/accounts/user/{helper.pk}/change/", wanted).status_code == 302
    helper.refresh_from_db()
    assert (helper.email, helper.is_superuser, helper.role) == ("new@example.com", False, "staff")


@pytest.mark.parametrize("page", ["change", "password", "delete"])
def test_who_may_edit_users_cannot_touch_a_superuser(
    client: Client, helper: Any, root: Any, page: Any
) -> None:
    client.force_login(helper)
    body = {
        "usable_password": "true", "password1": "quite another 5", "password2": "quite another 5",
        "username": "mine", "post": "yes",
    }  # fmt: skip
    answer = client.post(f"/admin/accounts/user/{root.pk}/{page}/", body)
    assert answer.status_code == 403
    same = User.objects.get(pk=root.pk)
    assert same.username == "root"
    assert same.check_password(PASSWORD)


def test_the_bulk_delete_does_not_reach_a_superuser(client: Client, helper: Any, root: Any) -> None:
    client.force_login(helper)
    body = {"action": "delete_selected", "_selected_action": root.pk, "post": "yes"}
    client.post("/admin/accounts/user/", body)
    assert User.objects.filter(pk=root.pk).exists()


def test_a_superuser_is_made_on_the_command_line(db: None) -> None:
    from django.core.management import call_command

    call_command("createsuperuser", interactive=False, username="chief", email="c@example.com")
    chief = User.objects.get(username="chief")
    assert (chief.is_staff, chief.is_superuser, chief.role) == (True, True, Role.STAFF)
