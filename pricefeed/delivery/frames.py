"""The WebSocket library's part in a socket that is open: it reads frames, and answers them."""

import logging

from websockets.frames import Close
from websockets.protocol import SERVER, State
from websockets.server import ServerProtocol
from websockets.streams import StreamReader


class OpenProtocol(ServerProtocol):
    """The library's protocol of a connection that has its handshake behind it.

    As the library's, less the name that it draws by lot for each: nobody asks for it, and the
    lot alone is a twentieth of what it costs to join.
    """

    def __init__(self, *, max_size: int, logger: logging.Logger) -> None:
        """`max_size`: the bytes of the longest message that is taken."""
        self.logger, self.debug = logger, logger.isEnabledFor(logging.DEBUG)
        self.side, self._state = SERVER, State.OPEN
        self.max_message_size, self.max_fragment_size = max_size, None
        self.current_size, self.expect_continuation_frame = None, False
        self.origin = self.origins = self.subprotocol = None
        self.available_extensions = self.available_subprotocols = None
        self.close_rcvd: Close | None = None
        self.close_sent: Close | None = None
        self.close_rcvd_then_sent = None
        self.accept_called = self.eof_sent = False
        self.handshake_exc = self.parser_exc = None
        self.extensions, self.events, self.writes = [], [], []
        self.reader = StreamReader()
        # `parse`, the server's, begins with a request unless the state says that it was read.
        self.parser = self.parse()
        next(self.parser)
