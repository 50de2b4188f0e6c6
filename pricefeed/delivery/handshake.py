"""The way in: an HTTP request becomes a socket without being read a second time.

uvicorn writes an upgrade request out again, as bytes, for the WebSocket library to parse.
When ten thousand clients come back at once that is a third of what they cost. Here a
request as every client sends it becomes a socket right away; one that is unusual
or wrong in any way goes the long way, and gets the library's answer.
"""

import re
from asyncio import Transport
from base64 import b64decode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from websockets.utils import accept_key

from pricefeed.delivery.transport import PriceSocketProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_PLAIN_ADDRESS = re.compile(rb"/[\x21-\x22\x24-\x7e]*")  # no fragment, nothing but ASCII
_KEY, _VERSION = b"sec-websocket-key", b"sec-websocket-version"
_PROTOCOL = b"sec-websocket-protocol"

MAX_HEAD_BYTES = 64 * 1024
"""As nginx and uvicorn's other parser allow, more or less; this one would take any number."""
SILENT_SECONDS = 10.0
"""How long the next bytes of a request are waited for: who has vanished would stay for ever."""


class PriceHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, whose upgraded connections are `PriceSocketProtocol`s."""

    _is_upgrade: bool | None = None
    _bytes_of_head = 0
    _is_upgraded = False
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_more()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._answering is not None:  # uvicorn tells the newest of several requests alone
            self._answering.disconnected = True
            self._answering.message_event.set()
            self._answering = None
        self._unset_keepalive_if_required()  # which uvicorn's leaves where a link has broken

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, but a head, or what follows a body, does not grow for ever."""
        self._bytes_of_head += len(data)
        super().data_received(data)
        if self._is_upgraded or self.transport.is_closing():
            return
        if self._bytes_of_head > MAX_HEAD_BYTES:
            if self._owes_an_answer():
                self.transport.abort()
            else:
                self.send_400_response("The head of this request is too long.")
        elif self._is_its_turn():
            self._await_more()

    def _is_its_turn(self) -> bool:
        """Whether the client has to go on, and has no answer to wait for."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _await_more(self) -> None:
        """What comes unsets it, as it does what uvicorn waits with after an answer."""
        self.timeout_keep_alive_task = self.loop.call_later(SILENT_SECONDS, self._is_silent)

    def _is_silent(self) -> None:
        if self.flow.read_paused:  # it may not say more yet
            self._await_more()
        else:
            self.timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_upgrade = None

    def on_headers_complete(self) -> None:
        self._bytes_of_head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_of_head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bytes_of_head = 0
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """As uvicorn's, which reads the headers anew each of the three times that it asks."""
        if self._is_upgrade is None:
            self._is_upgrade = super()._should_upgrade()
        return self._is_upgrade

    def handle_websocket_upgrade(self) -> None:
        self._is_upgraded = True
        if self._owes_an_answer():
            self.transport.abort()
            return
        accept = self._accept_header()
        if accept is None:
            super().handle_websocket_upgrade()
        else:
            self.connections.discard(self)
            protocol = PriceSocketProtocol(
                self.config, self.server_state, self.app_state, is_open=True
            )
            protocol.take_over(self, accept=accept)
            self.transport.set_protocol(protocol)
        del self.parser  # each knows the other: that they are done with, only a collector would see

    def _owes_an_answer(self) -> bool:
        """To an earlier request: its rest would get between frames, and count as theirs.

        That it was full already nobody would tell who writes them.
        """
        is_under_way = self.cycle is not None and not self.cycle.response_complete
        return is_under_way or self.transport.get_write_buffer_size() > 0

    def _accept_header(self) -> bytes | None:
        """Sec-WebSocket-Accept (RFC 6455, section 4.2.2), or None for what is not plain and right.

        That it is an upgrade to WebSocket has been seen already.
        """
        if self.scope["method"] != "GET" or self.scope["http_version"] != "1.1":
            return None
        if not _PLAIN_ADDRESS.fullmatch(self.url):
            return None
        keys, versions = [], []
        for name, value in self.scope["headers"]:
            if name == _KEY:
                keys.append(value)
            elif name == _VERSION:
                versions.append(value)
            elif name == _PROTOCOL:
                return None
        if versions != [b"13"] or len(keys) != 1 or not _is_key(keys[0]):
            return None
        return accept_key(keys[0].decode()).encode()


def _is_key(value: bytes) -> bool:
    try:
        return len(b64decode(value, validate=True)) == 16
    except NotBase64:
        return False
