"""The door of a web process: open, or closing while the process leaves."""

from collections.abc import Awaitable, Callable
from typing import Any

from pricefeed.delivery.close_codes import GOING_AWAY
from pricefeed.delivery.leaving import farewell

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

DRAINING = "tickwatch.draining"
"""In the scope of a request that came while the process leaves."""


class Door:
    """In front of the whole application; lets everything through until it is closing.

    Then requests are answered as before, but each is the last of its connection, so that no
    proxy sends another on one that is about to be closed. New sockets are accepted, and told
    when to come back: a refused handshake would be an error without a reason to a browser.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self.is_closing = False

    def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> Awaitable[None]:
        # Handed over, not awaited: each layer that waits costs every open socket half a kilobyte.
        if not self.is_closing:
            return self._application(scope, receive, send)
        if scope["type"] == "websocket":
            return _send_away(receive, send)
        return self._application({**scope, DRAINING: True}, receive, _as_the_last(send))


async def _send_away(receive: Receive, send: Send) -> None:
    await receive()  # the handshake
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": GOING_AWAY, "reason": farewell()})
    while (await receive())["type"] != "websocket.disconnect":
        pass  # it was on its way already


def _as_the_last(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    return marked
