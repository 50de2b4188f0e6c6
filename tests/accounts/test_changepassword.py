"""`manage.py changepassword`, which operators know from Django."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.heard import Heard

NEW = "quite another 5"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed next is taken from here."""
    words = [NEW, NEW]
    monkeypatch.setattr("getpass.getpass", lambda **_: words.pop(0))
    return words


@pytest.mark.django_db(transaction=True)
def test_it_ends_what_the_user_has_open(alice: User, typed: list[str], heard: Heard) -> None:
    call_command("changepassword", "alice")
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert [(each["user"], each["reason"]) for each in heard] == [(alice.pk, "password_changed")]


@pytest.mark.django_db(transaction=True)
def test_a_password_that_is_refused_ends_nothing(
    alice: User, typed: list[str], heard: Heard
) -> None:
    typed[:] = ["short", "short"] * 3
    with pytest.raises(CommandError):
        call_command("changepassword", "alice")
    assert heard == []
