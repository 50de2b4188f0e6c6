"""One socket as its server offers it: texts go out at once, and it says when it is full.

Whoever writes to it keeps no queue: while it is `blocked` nothing is written, and when it
has room again `on_free` puts together what the client lacks by then.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from types import coroutine
from typing import Any, Self

from pricefeed.delivery import close_codes
from pricefeed.delivery.closings import count_closing
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.turns import newcomers_heartbeat, newcomers_ping
from pricefeed.delivery.writer import NOWHERE, Way, Writer, text_frame

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outlet:
    """The way out to one client; touched only from its event loop.

    Where the server offers a `writer`, frames go straight to what it writes to. Otherwise
    ASGI's `send` is stepped right here and becomes a task only when the server really makes
    it wait. Until the socket has room again it is `blocked`.
    """

    __slots__ = (
        "_on_free",
        "_pending",
        "_send",
        "_way",
        "_writer",
        "blocked",
        "blocked_at",
        "closed",
        "heartbeat_by",
        "identity",
        "kind",
        "ping_at",
    )

    def __init__(
        self,
        send: Send,
        *,
        kind: str,
        writer: Writer | None = None,
        identity: Identity | None = None,
        on_free: Callable[[Self], None],
    ) -> None:
        self._send = send
        self._writer = writer
        self._on_free: Callable[[Any], None] = on_free
        self._pending: asyncio.Task[None] | None = None
        self.kind = kind  # what it was opened for, as `/metrics` names it
        self.identity = identity
        self.blocked = False
        self.blocked_at = 0.0  # monotonic seconds; since when
        self.closed = False
        self.heartbeat_by = newcomers_heartbeat()
        self.ping_at = newcomers_ping()
        self._way: Way | None = writer.attach(self) if writer is not None else None

    def write(self, text: str) -> None:
        """Send a text frame; must not be called while `blocked`."""
        if self._way is None:
            self._step(self._send_each((text,)))
        else:
            self._way.write(text_frame(text))

    def write_together(self, *texts: str) -> None:
        """Send several, in order, as a single write where the server can; else as `write`."""
        if self._way is None:
            self._step(self._send_each(texts))
        else:
            self._way.write(b"".join(map(text_frame, texts)))

    def ask(self, text: str) -> None:
        """Send a text frame, and ask whether anybody is there: who has said nothing since is cut.

        Only where the server offers a writer; others ask by themselves.
        """
        if self._writer is None:
            self.write(text)
        else:
            self._writer.ask(text_frame(text))

    async def _send_each(self, texts: tuple[str, ...]) -> None:
        for text in texts:
            await self._send({"type": "websocket.send", "text": text})

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket; a stalled one, that would not hear of it, is cut off.

        The reason is the code's own, where none is given.
        """
        if self.closed:
            return
        self.closed, self._way = True, NOWHERE
        count_closing(code)
        if self.blocked and self._writer is not None:
            self._writer.abort()
            return
        if self._pending is not None:
            self._pending.cancel()
        reason = reason or close_codes.REASONS.get(code, "")
        self._step(self._send({"type": "websocket.close", "code": code, "reason": reason}))

    def gone(self) -> None:
        """The client has left: nothing is written any more."""
        self.closed = True
        self.ended()
        self._send = _to_nobody  # who sent for us knows us as well
        if self._pending is not None:
            self._pending.cancel()

    # -- How the socket takes it ---------------------------------------------------------------

    def pause_writing(self) -> None:
        """It is full."""
        self.blocked, self.blocked_at = True, time.monotonic()

    def resume_writing(self) -> None:
        """It has room again."""
        self.blocked = False
        if not self.closed:
            self._on_free(self)

    def ended(self) -> None:
        """Nothing arrives any more: what is written goes nowhere, and nobody waits for room."""
        self._way, self.blocked = NOWHERE, False

    # -- ASGI's send ---------------------------------------------------------------------------

    def _step(self, sending: Awaitable[None]) -> None:
        """Run the send as far as it goes; nearly always that is to its end."""
        assert isinstance(sending, Coroutine)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  whatever a server raises here: the client is gone
            self.closed = True
            return
        self.pause_writing()
        self._pending = asyncio.ensure_future(_continue(sending, waits_for))
        self._pending.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._pending = None
        if task.cancelled() or task.exception() is not None:
            self.closed = True
        self.resume_writing()


async def _to_nobody(_: dict[str, Any]) -> None:
    pass


async def _continue(sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _rest_of(sending, waits_for)


@coroutine
def _rest_of(sending: Coroutine[Any, Any, None], waits_for: Any) -> Any:
    """Go on with a coroutine that has already been stepped to its first wait."""
    while True:
        try:
            value = yield waits_for
        except BaseException as error:  # noqa: BLE001  cancellation, too, belongs to `sending`
            waits_for = _stepped(sending.throw, error)
        else:
            waits_for = _stepped(sending.send, value)
        if waits_for is _DONE:
            return


_DONE = object()


def _stepped(step: Callable[[Any], Any], argument: Any) -> Any:
    try:
        return step(argument)
    except StopIteration:
        return _DONE
