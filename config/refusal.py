"""Where there is no socket: refused before it is accepted, which is HTTP's 403 to a client."""

from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer


class NoSuchSocket(AsyncConsumer):
    """Any WebSocket address that no route takes; quietly, not as an error of ours."""

    channel_layer_alias = None

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await self.send({"type": "websocket.close", "code": 4004, "reason": "no such address"})

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer
