"""uvicorn's WebSocket protocol, with a short way out for frames that are ready to go.

A frame to every user at every tick is what this project spends its time on. ASGI's
`send` makes it a message in a dictionary, a coroutine, a frame object and a list of
parts. Here it is a header and the text, in one write. Everything else (handshake,
parsing, answers to pings, closing) stays uvicorn's; a server that does not offer
`scope["extensions"]["tickwatch.writer"]` is served through `send`.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from pricefeed.delivery import close_codes
from pricefeed.delivery.frames import OpenProtocol
from pricefeed.delivery.light import Gate, Inbox
from pricefeed.delivery.limits import TokenBucket
from pricefeed.delivery.writer import EXTENSION, NOWHERE, PING, Author, Way

if TYPE_CHECKING:
    from uvicorn._types import WebSocketScope

WRITE_BUFFER_BYTES = 16 * 1024
"""What may wait in this process for one socket before it counts as full."""

MAX_FRAGMENTS = 64
SMALL_FRAGMENT_BYTES = 1024
"""Of a message that may be long there may be as many as would fill it if they were so small."""
MAX_WAITING = 64
"""Messages of one client that nobody has read yet; so many come only from who floods us."""
PINGS_PER_SECOND = 10.0
CLOSING_SECONDS = 5.0
"""How long a client may take to answer a close, which it cannot while it does not read."""

_LOG = logging.getLogger("uvicorn.error")
_SLICE_BYTES = 4096
_OF_UVICORN = (
    "app",
    "app_state",
    "asgi_version",
    "client",
    "close_sent",
    "close_timeout",
    "close_timer",
    "config",
    "conn",
    "connections",
    "curr_msg_data_type",
    "default_headers",
    "disconnected",
    "frames",
    "handshake_complete",
    "handshake_initiated",
    "initial_response",
    "last_ping_rtt",
    "logger",
    "loop",
    "pending_ping_payload",
    "ping_interval",
    "ping_sent_at",
    "ping_timeout",
    "ping_timer",
    "pong_timer",
    "queue",
    "read_paused",
    "root_path",
    "scheme",
    "scope",
    "server",
    "tasks",
    "transport",
    "writable",
)
"""What uvicorn keeps for a socket. As slots, because a dictionary of so many takes 1.6 KB."""
_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: "
)


class PriceSocketProtocol(WebSocketsSansIOProtocol):
    """`--ws pricefeed.delivery.transport:PriceSocketProtocol`; a `Writer` to the application.

    It also keeps less: 10 KB for a socket with a watchlist of 20, instead of 24.
    """

    __slots__ = (
        *_OF_UVICORN,
        "_accept",
        "_author",
        "_is_asked",
        "_is_heard_out",
        "_is_silent",
        "_bucket",
        "_unread",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        is_open: bool = False,
    ) -> None:
        """`is_open`: the handshake has been read already, see `take_over`."""
        if is_open:
            self._set_out(config, server_state, app_state)
        else:
            super().__init__(config, server_state, app_state, _loop)
        self.queue: Inbox = Inbox()  # type: ignore[assignment]
        self.writable = Gate()  # type: ignore[assignment]
        self._author: Author | None = None
        self._accept: bytes | None = None
        self._is_asked = False
        self._is_silent = False  # since it was asked
        self._is_heard_out = False
        self._bucket: TokenBucket | None = None
        self._unread = b""

    def _set_out(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        """As uvicorn's, less what `take_over` and a parser that begins with frames make good.

        Half of what uvicorn makes would be thrown away at once, a twelfth of what it costs to join.
        """
        self.config, self.app, self.app_state = config, config.loaded_app, app_state
        self.root_path, self.asgi_version = config.root_path, config.asgi_version
        self.loop = asyncio.get_running_loop()
        self.logger = _LOG
        self.connections, self.tasks = server_state.connections, server_state.tasks
        self.default_headers = server_state.default_headers
        self.handshake_initiated = self.handshake_complete = False
        self.close_sent = self.disconnected = self.read_paused = False
        self.initial_response = None
        self.close_timer, self.close_timeout = None, CLOSING_SECONDS
        self.conn = OpenProtocol(max_size=config.ws_max_size, logger=_LOG)
        self.ping_interval, self.ping_timeout = config.ws_ping_interval, config.ws_ping_timeout
        self.ping_timer = self.pong_timer = self.pending_ping_payload = None
        self.ping_sent_at = self.last_ping_rtt = 0.0
        self.frames, self.curr_msg_data_type = [], "bytes"

    def take_over(self, http: HttpToolsProtocol, *, accept: bytes) -> None:
        """Begin with a request that was read and found right; `accept` is the key's answer."""
        self.transport, self.server, self.client = http.transport, http.server, http.client
        self.connections.add(self)
        self.handshake_initiated = True
        self._accept = accept
        raw_path, _, query = http.url.partition(b"?")
        self.scope = cast(
            "WebSocketScope",
            {
                **http.scope,
                "type": "websocket",
                "path": self.root_path + unquote(raw_path.decode()),
                "raw_path": self.root_path.encode() + raw_path,
                "query_string": query,
                "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
                "scheme": "wss" if http.scheme == "https" else "ws",
                "subprotocols": [],
                "extensions": {"websocket.http.response": {}},
            },
        )
        self._offer_writer()
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def handle_connect(self, event: Request) -> None:
        """Begin as uvicorn does: PriceHttpProtocol has left this request to it."""
        super().handle_connect(event)
        if not self.close_sent:  # else the handshake was refused, and there is no scope
            self._offer_writer()

    def _offer_writer(self) -> None:
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        extensions = cast("dict[str, Any]", self.scope["extensions"])
        extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        """As uvicorn's, but where the client is gone or refused, this is no error of ours."""
        await self.writable.wait()
        if self.close_sent:
            return  # we have refused the client ourselves, and the application will hear of it
        with suppress(ClientDisconnected):  # the same: the next message says so
            await self._send(message)

    async def _send(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            await self._send_accept(message)
            return
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # else uvicorn logs that nobody has answered it
        if self.close_timer is not None:
            self._close_soon()

    async def _send_accept(self, message: Any) -> None:
        if self._accept is None:
            await super().send(message)
            # Kilobytes for as long as the socket lives, and nobody asks for them again.
            self.request.headers.clear()
            del self.request, self.response
            return
        if self.disconnected or self.transport.is_closing():
            raise ClientDisconnected
        headers = list(message.get("headers") or ())
        if message.get("subprotocol"):
            headers.append((b"Sec-WebSocket-Protocol", message["subprotocol"].encode()))
        lines = [b"%b: %b\r\n" % header for header in headers]
        self.transport.write(b"".join((_SWITCHING, self._accept, b"\r\n", *lines, b"\r\n")))
        self.handshake_complete = True

    def attach(self, author: Author) -> Way:
        if self.transport.is_closing():
            return NOWHERE
        self._author = author
        if not self.writable.is_set():
            author.pause_writing()
        return self.transport

    def ask(self, frames: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_silent and not self.read_paused:  # else the answer may wait for us to read
            self._refuse(CloseCode.INTERNAL_ERROR, "no answer to pings")
            self.transport.abort()  # who does not answer may not read either
            return
        self._is_asked = self._is_silent = True
        self.transport.write(frames + PING)

    def abort(self) -> None:
        self.transport.abort()

    def hear_out(self, *, most_bytes: int) -> None:
        self._is_heard_out = True
        self.conn.max_message_size = most_bytes

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._author is not None:
            self._author.pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._author is not None:
            self._author.resume_writing()

    def eof_received(self) -> None:
        super().eof_received()
        self._end()

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._end()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._end()

    def shutdown(self) -> None:
        super().shutdown()
        self._end()

    def _end(self) -> None:
        """It closes when all has been sent: nothing follows, and who does not read is cut off."""
        self._let_go()
        if self.transport.get_write_buffer_size():
            self._close_soon()

    def _close_soon(self) -> None:
        """Whatever the client does; `connection_lost` ends the timer, as it does uvicorn's."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(CLOSING_SECONDS, self.transport.abort)

    def _let_go(self) -> None:
        if self._author is not None:
            self._author.ended()
            self._author = None

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's; then nothing that knows this socket is known to it any more.

        Going round in circles, all of it would wait for the collector, which comes seldom and
        hardly ever to what has been here for long.
        """
        super().connection_lost(exc)
        self._let_go()
        self._unread = b""
        del self.conn.parser
        if hasattr(self, "scope"):  # not where the handshake was refused
            cast("dict[str, Any]", self.scope["extensions"]).pop(EXTENSION, None)

    def start_keepalive(self) -> None:
        """Not by a timer for each socket: `ask` comes with some of the hub's heartbeats."""

    # -- Who does not behave ------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse little at a time: of a flood, all but the first wave is never looked at."""
        if self.handshake_initiated and not self.handshake_complete:
            self.transport.abort()  # frames before there is a socket: answers would come before it
            return
        self._is_silent = False
        data, self._unread = self._unread + data, b""
        for start in range(0, len(data), _SLICE_BYTES):
            if self._is_heard_out and self.read_paused:
                self._unread = data[start:]
                return
            super().data_received(data[start : start + _SLICE_BYTES])
            if self.transport.is_closing() or (self.close_sent and not self._is_heard_out):
                return

    async def receive(self) -> Any:
        """As uvicorn's, but what has arrived comes before reading on."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._unread:
                self.data_received(b"")
            if not self.read_paused:
                self.transport.resume_reading()
        return message

    def send_receive_event_to_app(self) -> None:
        if len(self.queue) > MAX_WAITING and not self._is_heard_out:
            self._refuse_haste()
        elif self.curr_msg_data_type == "text" and not _is_utf_8(b"".join(self.frames)):
            self._refuse(CloseCode.INVALID_DATA, "not UTF-8")  # uvicorn would log a traceback
        else:
            super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Answer, unless answers pile up: who only asks and never reads gets none."""
        if not self._keeps_pace():
            self._refuse_haste()
        elif self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_pong(self, event: Frame) -> None:
        if not self._is_asked and not self._keeps_pace():
            self._refuse_haste()
        self._is_asked = False

    def handle_cont(self, event: Frame) -> None:
        """Parts of a message are kept until the last: many empty ones are many all the same."""
        many = (self.conn.max_message_size or 0) // SMALL_FRAGMENT_BYTES
        if len(self.frames) >= max(MAX_FRAGMENTS, many):
            self._refuse(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
        else:
            super().handle_cont(event)

    def _keeps_pace(self) -> bool:
        if self._bucket is None:
            self._bucket = TokenBucket(PINGS_PER_SECOND)
        return self._bucket.take()

    def _refuse_haste(self) -> None:
        self._refuse(close_codes.TOO_MANY, close_codes.REASONS[close_codes.TOO_MANY])

    def _refuse(self, code: int, reason: str) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.conn.fail(code, reason)
            self.handle_parser_exception()


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
