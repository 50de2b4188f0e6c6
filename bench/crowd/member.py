"""One user's socket, every frame of it checked."""

import asyncio
import socket
import struct
import time
from typing import cast

import msgspec

from bench.crowd.dialects import Quote
from bench.crowd.tally import Tally
from bench.crowd.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    BadFrame,
    Frame,
    Frames,
    handshake,
    masked,
)
from bench.market.plan import Guest, Newest

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing says RST
_NOTHING = (-1, "")


class Member(asyncio.Protocol):
    """Holds what it has been told, ticker by ticker.

    A sequence that does not grow, a ticker that was not asked for, a frame nobody should
    send, a socket that ends: the run fails. While it is `returning` an end is a failed
    attempt, and the first frame may repeat what was held before.
    """

    def __init__(self, guest: Guest, tally: Tally) -> None:
        self._guest = guest
        self._tally = tally
        self._held: Newest = dict.fromkeys(guest.tickers, _NOTHING)
        self._held_before: Newest = {}
        self.returning = False
        self._transport: asyncio.Transport | None = None
        self._begin()

    def _begin(self) -> None:
        self._dialect = self._guest.dialect(self._guest.tickers)
        self._frames = Frames()
        self._head: bytes | None = b""
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, port: int) -> None:
        """Returns when nothing is missed from now on. Raises OSError, also while `returning`."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        assert self._transport is not None
        self._transport.write(
            handshake(
                self._guest.path,
                port=port,
                token=self._guest.token,
                subprotocol=self._dialect.subprotocol,
            )
        )
        await self._begun

    def cut(self) -> None:
        """Reset the connection. What is held is forgotten, but must not go back."""
        self.returning = True
        self._held_before = self._held
        self._held = dict.fromkeys(self._guest.tickers, _NOTHING)
        self.hang_up()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def holds(self, newest: Newest) -> bool:
        """Whether all that is watched has the newest price."""
        return all(newest.get(ticker, held) == held for ticker, held in self._held.items())

    # -- asyncio's ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        end = transport.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)  # no port is left waiting
        self._transport = cast("asyncio.Transport", transport)
        if self.returning:
            self._begin()

    def data_received(self, data: bytes) -> None:
        if self._tally.keeps_arrivals and self._begun.done():
            self._tally.late.append((time.monotonic(), self, data))
        else:
            self.take(data, 0.0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wrong("the socket was closed")

    # -- What arrives ------------------------------------------------------------------------

    def take(self, data: bytes, at: float) -> None:
        """Read what came at that time."""
        try:
            if self._head is not None:
                data = self._read_head(self._head + data)
            for frame in self._frames.of(data):
                self._take(frame, at)
        except (BadFrame, msgspec.MsgspecError) as error:
            self._wrong(str(error))

    def _wrong(self, reason: str) -> None:
        if not self.returning:
            self._tally.fail(f"{self._guest.path}: {reason}")
        elif not self._begun.done():
            self._begun.set_exception(ConnectionError(reason))

    def _read_head(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._head = data
            return b""
        if not head.startswith(b"HTTP/1.1 101 "):
            raise BadFrame(f"refused: {head[:60]!r}")
        self._head = None
        self._answer(self._dialect.greeting())
        if self._dialect.begins_open:
            self.begins()
        return rest

    def _take(self, frame: Frame, at: float) -> None:
        if frame.opcode in {TEXT, BINARY}:
            said = self._dialect.read(frame.payload, is_text=frame.opcode == TEXT)
            self._hold(said.quotes)
            if said.is_tick:
                self._tally.count(frame.size, at)
            if said.answer:
                self._answer(said.answer)
            if said.begins:
                self.begins()
            if self in self._tally.waiting and self.holds(self._tally.newest):
                self._tally.satisfied(self)
        elif frame.opcode == PING:
            self._answer(masked(PONG, frame.payload))
        elif frame.opcode == CLOSE:
            raise BadFrame(f"closed with {int.from_bytes(frame.payload[:2])}")
        else:
            raise BadFrame(f"opcode {frame.opcode}")

    def _hold(self, quotes: list[Quote]) -> None:
        held, before = self._held, self._held_before
        for quote in quotes:
            last = held.get(quote.ticker)
            if last is None:
                raise BadFrame(f"{quote.ticker} was never asked for")
            if quote.sequence <= last[0]:
                raise BadFrame(f"{quote.ticker}: {quote.sequence} after {last[0]}")
            if before and quote.sequence < before[quote.ticker][0]:
                raise BadFrame(f"{quote.ticker}: {quote.sequence} after coming back")
            held[quote.ticker] = (quote.sequence, quote.price)

    def begins(self) -> None:
        """From now on nothing is missed."""
        if not self._begun.done():
            self.returning = False
            self._begun.set_result(None)

    def _answer(self, frame: bytes) -> None:
        if frame and self._transport is not None:
            self._transport.write(frame)
