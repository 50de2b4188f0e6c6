"""The end of a sign-in is announced, and never fails what ended it."""

import asyncio
import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

from accounts import events
from accounts.events import Ended, Ending, announce_end
from accounts.models import User
from accounts.services import users_delete
from rest import owed
from tests.conftest import wait_for_debts
from tests.heard import Heard

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events._ends, "retry_seconds", 0.02)


def test_ends_that_could_not_be_announced_are_announced_each_once_when_redis_is_back(
    heard: Heard,
) -> None:
    heard.away = True
    with capture_logs() as logs:
        announce_end(Ended(1, Ending.DISABLED))
        announce_end(Ended(2, Ending.SIGNED_OUT, "a"), Ended(2, Ending.SIGNED_OUT, "b"))
    assert [log["event"] for log in logs] == ["not_announced"]  # and the others not even tried
    assert heard == []
    heard.away = False
    wait_for_debts(events._ends)
    assert sorted(heard, key=str) == [
        {"type": "session.ended", "user": 1, "family": None, "reason": "disabled"},
        {"type": "session.ended", "user": 2, "family": "a", "reason": "signed_out"},
        {"type": "session.ended", "user": 2, "family": "b", "reason": "signed_out"},
    ]


def test_a_layer_that_does_not_answer_holds_up_nobody_for_long_and_is_asked_again(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, stalls = owed.get_channel_layer(), iter([True, True, False])

    class Stalling:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            if next(stalls):
                await asyncio.sleep(60)
            await layer.group_send(group, message)

    monkeypatch.setattr(owed, "get_channel_layer", Stalling)
    monkeypatch.setattr(owed, "SEND_SECONDS", 0.05)
    announce_end(Ended(1, Ending.DISABLED))
    wait_for_debts(events._ends)
    assert [message["user"] for message in heard] == [1]


def test_for_many_users_a_layer_that_does_not_answer_is_waited_for_once(
    heard: Heard, monkeypatch: pytest.MonkeyPatch, alice: User, bob: User
) -> None:
    send, asked_by, awake = owed.send_to_group, [], threading.Event()

    def mute(group: str, *messages: dict[str, Any]) -> None:
        asked_by.append(threading.current_thread())
        if not awake.is_set():
            raise TimeoutError
        send(group, *messages)

    monkeypatch.setattr(events, "send_to_group", mute)
    users = alice.pk, bob.pk
    users_delete(users=User.objects.all())
    awake.set()
    wait_for_debts(events._ends)
    assert asked_by.count(threading.current_thread()) == 1
    assert sorted(heard.users) == sorted(users)
