import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from structlog.testing import capture_logs

from rest import owed
from securities import events, version
from securities.models import Security
from tests.conftest import set_active, wait_for_debts

Make = Callable[..., Security]
pytestmark = pytest.mark.django_db(transaction=True)


async def listener() -> tuple[object, str]:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(events.GROUP, channel)
    return layer, channel


async def test_a_committed_change_reaches_the_group(security: Make) -> None:
    layer, channel = await listener()
    await database_sync_to_async(security)("AAPL")
    await database_sync_to_async(set_active)("AAPL", active=False)  # as under ASGI
    message = await asyncio.wait_for(layer.receive(channel), 20)
    assert message == {"type": "securities.changed"}


async def test_the_version_is_new_before_the_listeners_hear_of_it() -> None:
    layer, channel = await listener()
    before = version.current()
    await sync_to_async(events.announce_change)()
    await asyncio.wait_for(layer.receive(channel), 20)
    assert version.current() != before


def test_it_works_where_no_event_loop_runs_and_more_than_once() -> None:
    seen = {version.current()}
    with capture_logs() as logs:
        for _ in range(3):  # as a management command or a Celery task
            events.announce_change()
            seen.add(version.current())
    assert len(seen) == 4
    assert logs == []


def test_before_the_first_change_the_version_is_empty() -> None:
    assert version.current() == ""


def test_a_write_stands_when_redis_is_away_and_the_log_says_so(
    security: Make, redis_away: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class AwayLayer:
        async def group_send(self, group: str, message: dict[str, str]) -> None:
            raise ConnectionError("away")

    redis_away()
    monkeypatch.setattr(owed, "get_channel_layer", AwayLayer)
    monkeypatch.setattr(events._changes, "_owe", lambda *_, **__: None)
    with capture_logs() as logs:
        security("AAPL")
        assert set_active("AAPL", active=False) == 1
    assert Security.objects.get().is_active is False
    assert [log["event"] for log in logs] == ["not_announced"]


async def test_what_could_not_be_announced_is_announced_when_redis_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer, channel = await listener()
    before = version.current()
    monkeypatch.setattr(events._changes, "retry_seconds", 0.02)
    bump, failures = version.bump, iter([True, True, False])

    def away_at_first() -> None:
        if next(failures):
            raise ConnectionError("away")
        bump()

    monkeypatch.setattr(version, "bump", away_at_first)
    await sync_to_async(events.announce_change)()
    assert await asyncio.wait_for(layer.receive(channel), 20) == {"type": "securities.changed"}
    assert version.current() != before
    await sync_to_async(wait_for_debts)(events._changes)


def test_a_layer_that_hangs_does_not_hold_up_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    class HangingLayer:
        async def group_send(self, group: str, message: dict[str, str]) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(owed, "get_channel_layer", HangingLayer)
    monkeypatch.setattr(owed, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(events._changes, "_owe", lambda *_, **__: None)
    with capture_logs() as logs:
        events.announce_change()
    assert [log["event"] for log in logs] == ["not_announced"]
