"""What Beat triggers for accounts; the flush of tokens is looked at beside the tokens."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.models import User


def test_sessions_of_the_admin_site_are_deleted_once_they_have_expired(staff: User) -> None:
    signed_in, gone = Client(), Client()
    for client in (signed_in, gone):
        client.force_login(staff)
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(pk=gone.session.session_key).update(expire_date=past)
    for _ in range(2):
        tasks.flush_expired_sessions()
        assert [each.pk for each in Session.objects.all()] == [signed_in.session.session_key]


@pytest.mark.parametrize(
    ("job", "service"),
    [
        (tasks.flush_expired_tokens, "expired_tokens_flush"),
        (tasks.flush_expired_sessions, "expired_sessions_flush"),
        (tasks.tell_untold_ends, "untold_ends_tell"),
    ],
)
def test_without_postgres_there_is_one_line_and_no_traceback(
    job: Any, service: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks, service, Mock(side_effect=OperationalError("away")))
    job()
    assert [each.levelname for each in caplog.records if each.name == tasks.__name__] == ["ERROR"]
