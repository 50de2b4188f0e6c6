"""What the hubs would hear, and ways to take Redis away."""

import uuid
from collections.abc import Callable

import pytest
from django.test import override_settings

from rest import owed
from securities import version
from securities.redis_client import redis_client
from tests.heard import Heard
from watchlists import cache
from watchlists.selectors import watched_tickers_many


def watched_tickers(user_id: int) -> list[str]:
    """One user's, as the hub asks for many."""
    return watched_tickers_many([user_id])[user_id]


@pytest.fixture(autouse=True)
def own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """User ids come again in every test; the keys of their lists do not."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(cache, "_key", lambda user_id: f"{name}:list:{user_id}")
    monkeypatch.setattr(version, "KEY", f"{name}:version")


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Instead of the channel layer: what it was given for the group of watchlists."""
    messages = Heard("watchlists")
    monkeypatch.setattr(owed, "get_channel_layer", lambda: messages)
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
