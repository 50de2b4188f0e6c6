"""What a write has to say: at once, or by a thread until it has been said."""

import asyncio
import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

from rest import owed
from rest.owed import Announcements, send_to_group
from tests.conftest import wait_for_debts


class Said(list[tuple[int, bool]]):
    """What was said, each with whether its own writer said it; `failures` attempts fail first."""

    def __init__(self, *, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def __call__(self, key: int) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        self.append((key, threading.current_thread() is threading.main_thread()))


def saying(said: Said) -> Announcements[int]:
    made = Announcements(said, name="test-of-owed", seconds=60)
    made.retry_seconds = 0.02
    return made


def test_after_a_failure_writers_soon_speak_for_themselves_again_however_many_they_are() -> None:
    said = Said(failures=1)
    announcements = saying(said)
    with capture_logs():
        for key in range(100_000):
            announcements._say_or_owe(key)
            if (key, True) in said[-1:]:
                break
    assert said[-1][1]
    wait_for_debts(announcements)
    assert sorted(each for each, _ in said) == list(range(key + 1))


def test_where_no_thread_can_be_had_the_write_stands_and_the_next_one_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = Said(failures=2)
    announcements = saying(said)
    with capture_logs(), monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", lambda _: _no_thread())
        announcements._say_or_owe(1)
    with capture_logs():
        announcements._say_or_owe(2)
    wait_for_debts(announcements)
    assert sorted(key for key, _ in said) == [1, 2]


def _no_thread() -> None:
    raise RuntimeError("can't start new thread")


def test_many_messages_may_take_longer_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Slow:
        async def group_send(self, group: str, message: Any) -> None:
            await asyncio.sleep(0.1)
            sent.append(message)

    monkeypatch.setattr(owed, "get_channel_layer", Slow)
    monkeypatch.setattr(owed, "SEND_SECONDS", 1.0)
    messages = [{"n": n} for n in range(15)]
    send_to_group("g", *messages)
    assert sent == messages
