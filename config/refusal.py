"""Where there is no socket: accepted first and then refused, so that a browser sees the code."""

from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from pricefeed.delivery.close_codes import UNKNOWN_TICKER


class NoSuchSocket(AsyncConsumer):
    """Any WebSocket address that no route takes."""

    channel_layer_alias = None

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await self.send({"type": "websocket.accept"})
        await self.send(
            {"type": "websocket.close", "code": UNKNOWN_TICKER, "reason": "no such address"}
        )

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """It was on its way already."""

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer
