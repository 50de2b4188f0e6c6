from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role, User


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DEMO_PASSWORD", "demo password 1")
    monkeypatch.setenv("STAFF_PASSWORD", "staff password 1")


def test_demo_and_staff_are_made(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("createusers")
    demo, staff = User.objects.get(username="demo"), User.objects.get(username="staff")
    assert demo.check_password("demo password 1")
    assert (demo.role, demo.is_superuser) == (Role.USER, False)
    assert (staff.role, staff.is_superuser) == (Role.STAFF, True)
    assert capsys.readouterr().out == "demo: created\nstaff: created\n"


def test_who_exists_keeps_the_password(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("createusers")
    monkeypatch.setenv("DEMO_PASSWORD", "something else 1")
    capsys.readouterr()
    call_command("createusers")
    assert User.objects.get(username="demo").check_password("demo password 1")
    assert capsys.readouterr().out.count("exists, keeps its password") == 2
    assert User.objects.count() == 2


def test_a_missing_password_skips_that_user_and_says_so(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STAFF_PASSWORD")
    call_command("createusers")
    assert [user.username for user in User.objects.all()] == ["demo"]
    assert "staff: skipped, STAFF_PASSWORD is not set" in capsys.readouterr().out


@pytest.mark.parametrize("weak", ["1", "password", "12345678901", "staff123"])
def test_a_weak_password_is_refused_in_one_line_that_names_its_setting(
    db: None, monkeypatch: pytest.MonkeyPatch, weak: str
) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", weak)
    with pytest.raises(CommandError, match=r"^STAFF_PASSWORD is refused: .*\.$"):
        call_command("createusers")
    assert not User.objects.filter(username="staff").exists()


def test_who_exists_is_no_reason_to_refuse_what_is_not_used(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("createusers")
    monkeypatch.setenv("STAFF_PASSWORD", "1")
    call_command("createusers")
    assert "staff: exists, keeps its password" in capsys.readouterr().out


def test_passwords_are_not_printed(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("createusers")
    assert "password 1" not in capsys.readouterr().out
