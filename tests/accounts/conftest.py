"""What open sockets would hear of ended sign-ins, and a way to take Redis away."""

from typing import Any

import pytest
import redis

from accounts import events


class Heard(list[dict[str, Any]]):
    """Messages to the sockets; while `away`, sending fails as it does without Redis."""

    away = False


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Instead of the channel layer: what it was given for the group of sessions."""
    messages = Heard()

    class Layer:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            if messages.away:
                raise redis.ConnectionError("away")
            assert group == "sessions"
            messages.append(message)

    monkeypatch.setattr(events, "get_channel_layer", Layer)
    return messages
