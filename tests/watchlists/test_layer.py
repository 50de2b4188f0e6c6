"""Announcements over the real channel layer, from every kind of thread that edits."""

import asyncio
import threading
from collections.abc import Callable

import httpx
import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import channel_layers, get_channel_layer
from pytest_django import Settings

from accounts.models import User
from accounts.services import tokens_issue
from rest import owed
from securities.models import Security
from watchlists import events


@pytest.fixture(autouse=True)
def real_layer(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A layer of this test alone, instead of the pretended one."""
    monkeypatch.setattr(owed, "get_channel_layer", get_channel_layer)
    config = {**settings.CHANNEL_LAYERS["default"]["CONFIG"], "prefix": "test-watchlists"}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": config}}
    monkeypatch.setattr(channel_layers, "backends", {})


async def test_a_hub_hears_edits_from_a_request_and_from_a_thread_of_its_own() -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(events.WATCHLISTS_GROUP, channel)
    await sync_to_async(events._tell)(7)
    assert await layer.receive(channel) == {"type": "watchlist.edited", "user": 7}
    thread = threading.Thread(target=events._tell, args=(8,))
    thread.start()
    assert await layer.receive(channel) == {"type": "watchlist.edited", "user": 8}
    await sync_to_async(thread.join)()
    await layer.flush()


def test_announcing_from_outside_any_loop_leaves_no_connections_behind() -> None:
    for user_id in range(3):
        events._tell(user_id)
    assert len(get_channel_layer()._layers) == 0


async def test_a_hub_hears_an_edit_made_over_rest(
    server: str, alice: User, security: Callable[..., Security]
) -> None:
    await database_sync_to_async(security)("AAPL")
    token = await database_sync_to_async(lambda: tokens_issue(user=alice).access)()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(events.WATCHLISTS_GROUP, channel)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://{server}", headers=headers) as client:
        answer = await client.post("/api/v1/watchlist", json={"ticker": "AAPL"})
    assert answer.status_code == 201
    async with asyncio.timeout(20):
        assert await layer.receive(channel) == {"type": "watchlist.edited", "user": alice.pk}
    await layer.flush()
