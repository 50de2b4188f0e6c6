"""The end of a sign-in is announced, and never fails what ended it."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from accounts import events
from accounts.events import Ended, Ending, announce_end
from accounts.models import User
from accounts.services import users_delete
from tests.conftest import wait_for_debts
from tests.heard import Heard

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events._owed, "retry_seconds", 0.02)


def test_ends_that_could_not_be_announced_are_announced_each_once_when_redis_is_back(
    heard: Heard,
) -> None:
    heard.away = True
    with capture_logs() as logs:
        announce_end(Ended(1, Ending.DISABLED))
        announce_end(Ended(2, Ending.SIGNED_OUT, "a"), Ended(2, Ending.SIGNED_OUT, "b"))
    assert [log["event"] for log in logs] == ["session_ends_not_announced"] * 2
    assert heard == []
    heard.away = False
    wait_for_debts(events._owed)
    assert sorted(heard, key=str) == [
        {"type": "session.ended", "user": 1, "family": None, "reason": "disabled"},
        {"type": "session.ended", "user": 2, "family": "a", "reason": "signed_out"},
        {"type": "session.ended", "user": 2, "family": "b", "reason": "signed_out"},
    ]


def test_a_layer_that_does_not_answer_holds_up_nobody_for_long_and_is_asked_again(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, stalls = events.get_channel_layer(), iter([True, True, False])

    class Stalling:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            if next(stalls):
                await asyncio.sleep(60)
            await layer.group_send(group, message)

    monkeypatch.setattr(events, "get_channel_layer", Stalling)
    monkeypatch.setattr(events, "_SEND_SECONDS", 0.05)
    announce_end(Ended(1, Ending.DISABLED))
    wait_for_debts(events._owed)
    assert [message["user"] for message in heard] == [1]


def test_for_many_users_a_layer_that_does_not_answer_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, alice: User, bob: User
) -> None:
    asked, owed = [], []

    class Mute:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            asked.append(message)
            await asyncio.sleep(60)

    monkeypatch.setattr(events, "get_channel_layer", Mute)
    monkeypatch.setattr(events, "_SEND_SECONDS", 0.05)
    monkeypatch.setattr(events._owed, "add", lambda ended, **_: owed.append(ended.user_id))
    users = alice.pk, bob.pk
    users_delete(users=User.objects.all())
    assert len(asked) == 1
    assert sorted(owed) == sorted(users)
