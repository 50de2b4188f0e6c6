"""What the hubs would hear, and ways to take Redis away."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.test import override_settings

from securities import version
from securities.redis_client import redis_client
from watchlists import cache, events
from watchlists.selectors import watched_tickers_many


def watched_tickers(user_id: int) -> list[str]:
    """One user's, as the hub asks for many."""
    return watched_tickers_many([user_id])[user_id]


class Heard(list[dict[str, Any]]):
    """Messages to the hubs; while `away`, sending fails as it does without Redis."""

    away = False

    @property
    def users(self) -> list[int]:
        return [message["user"] for message in self]


@pytest.fixture(autouse=True)
def own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """User ids come again in every test; the keys of their lists do not."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(cache, "_key", lambda user_id: f"{name}:list:{user_id}")
    monkeypatch.setattr(version, "KEY", f"{name}:version")


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Instead of the channel layer: what it was given for the group of watchlists."""
    messages = Heard()

    class Layer:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            if messages.away:
                raise redis.ConnectionError("away")
            assert group == "watchlists"
            messages.append(message)

    monkeypatch.setattr(events, "get_channel_layer", Layer)
    return messages


@pytest.fixture
def redis_goes(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> Callable[[], None]:
    """Nobody answers where Redis was; `redis_comes` undoes it."""

    def go() -> None:
        with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
            nobody = redis_client()
        monkeypatch.setattr(cache, "redis_client", lambda: nobody)
        heard.away = True

    return go


@pytest.fixture
def redis_comes(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> Callable[[], None]:
    def come() -> None:
        monkeypatch.setattr(cache, "redis_client", redis_client)
        heard.away = False

    return come
