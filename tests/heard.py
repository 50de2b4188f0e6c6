"""Instead of the channel layer: what one group of it would hear, and a way to take it away."""

from typing import Any

import redis

GROUPS = {"sessions", "watchlists", "securities"}


class Heard(list[dict[str, Any]]):
    """Messages to this group; while `away`, sending fails as it does without Redis."""

    away = False

    def __init__(self, group: str) -> None:
        super().__init__()
        self._group = group

    @property
    def users(self) -> list[int]:
        """Whom the messages were about."""
        return [message["user"] for message in self]

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """What a layer offers."""
        if self.away:
            raise redis.ConnectionError("away")
        assert group in GROUPS, group
        if group == self._group:
            self.append(message)
