"""What is said on a socket once it is open: ours here, those of peers with the peers."""

from typing import ClassVar, NamedTuple, Protocol

import msgspec

from bench.crowd.websocket import BadFrame


class Quote(msgspec.Struct, gc=False):
    """What a client reads of a quote; each of these members must be there."""

    ticker: str
    price: str
    abs_change: str
    pct_change: str
    updated_at: int
    sequence: int


class Said(NamedTuple):
    """What a frame of the server's means."""

    quotes: list[Quote]
    is_tick: bool = False
    """It brings what a tick has changed; else what has been so already, or nothing."""
    begins: bool = False
    """From now on nothing is missed."""
    answer: bytes = b""
    """What has to be sent back, framed."""


class Dialect(Protocol):
    """One socket's. It raises BadFrame or what msgspec raises for what no server may say."""

    subprotocol: ClassVar[str | None]
    begins_open: ClassVar[bool]
    """Nobody says when it begins: it does with the handshake."""

    def __init__(self, tickers: tuple[str, ...]) -> None: ...

    def greeting(self) -> bytes:
        """What the client sends first, framed."""

    def read(self, payload: bytes, *, is_text: bool) -> Said:
        """One frame of the server's."""


class Message(msgspec.Struct, gc=False):
    """A frame of Tickwatch's; heartbeats and the welcome have no quotes."""

    type: str
    quotes: list[Quote] = []


_decode = msgspec.json.Decoder(Message).decode


class Tickwatch:
    """JSON messages with lists of quotes; the address and the token say what is watched."""

    __slots__ = ()

    subprotocol: ClassVar[str | None] = None
    begins_open: ClassVar[bool] = False

    def __init__(self, tickers: tuple[str, ...]) -> None:
        pass

    def greeting(self) -> bytes:
        return b""

    def read(self, payload: bytes, *, is_text: bool) -> Said:
        if not is_text:
            raise BadFrame("binary where text belongs")
        message = _decode(payload)
        return Said(message.quotes, message.type == "prices", message.type == "snapshot")
