"""The load client: many sockets in one process, every frame of theirs checked.

It keeps what each user has been told, ticker by ticker, and calls a tick received
when every user holds the newest price of everything on their list. A sequence
that does not grow, a ticker nobody asked for, a closed socket: the run fails.
"""

import asyncio
import gc
from typing import Any

import msgspec
import uvloop

from bench.fanout.plan import Gather, Guest, Heard, Newest
from bench.fanout.websocket import CLOSE, PING, TEXT, BadFrame, Frame, Frames, handshake, pong
from bench.process import BenchmarkFailed, Pipe

CONNECTING_AT_ONCE = 64
PATIENCE_SECONDS = 300.0


class Quote(msgspec.Struct, gc=False):
    """What a client reads of a quote; each of these members must be there."""

    ticker: str
    price: str
    abs_change: str
    pct_change: str
    updated_at: int
    sequence: int


class Message(msgspec.Struct, gc=False):
    """A server's frame; heartbeats and the welcome have no quotes."""

    type: str
    quotes: list[Quote] = []


_decode = msgspec.json.Decoder(Message).decode


class Crowd:
    """All members, who of them still lacks something, and what went wrong."""

    def __init__(self) -> None:
        self.newest: Newest = {}
        self.waiting: set[Member] = set()
        self.frames = 0
        self.bytes = 0
        self.members: list[Member] = []
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def gather(self, port: int, guests: list[Guest]) -> None:
        """Connect them all; returns when each has had a snapshot. Raises BenchmarkFailed."""
        door = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self.members = [Member(guest, self) for guest in guests]

        async def let_in(member: Member) -> None:
            async with door:
                await member.connect(port)

        coming = asyncio.gather(*map(let_in, self.members))
        # A refused socket ends the waiting of all: nobody's snapshot is worth waiting for then.
        self._over.add_done_callback(lambda _: coming.cancel())
        try:
            await coming
        except asyncio.CancelledError:
            if self._over.done():
                self._over.result()
            raise

    async def hold(self, newest: Newest) -> None:
        """Returns when every member holds these prices. Raises BenchmarkFailed."""
        self.newest = newest
        self.waiting = {member for member in self.members if not member.holds(newest)}
        if self.waiting and not self._over.done():
            try:
                await asyncio.wait_for(self._over, PATIENCE_SECONDS)
            except TimeoutError:
                raise BenchmarkFailed(f"{len(self.waiting)} users lack newest prices.") from None
        if self._over.done():
            self._over.result()
            self._over = asyncio.get_running_loop().create_future()

    def heard(self) -> Heard:
        """What was received since the last call."""
        heard, self.frames, self.bytes = Heard(self.frames, self.bytes), 0, 0
        return heard

    def satisfied(self, member: "Member") -> None:
        self.waiting.discard(member)
        if not self.waiting and not self._over.done():
            self._over.set_result(None)

    def fail(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_exception(BenchmarkFailed(reason))


class Member(asyncio.Protocol):
    """One user's socket."""

    def __init__(self, guest: Guest, crowd: Crowd) -> None:
        self._guest = guest
        self._crowd = crowd
        self._held: Newest = dict.fromkeys(guest.tickers, (-1, ""))
        self._frames = Frames()
        self._head: bytes | None = b""
        self._begun = asyncio.get_running_loop().create_future()

    async def connect(self, port: int) -> None:
        """Returns when the first snapshot is here."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", port)
        self._transport.write(handshake(self._guest.path, port=port, token=self._guest.token))
        await self._begun

    def holds(self, newest: Newest) -> bool:
        """Whether all that is watched has the newest price."""
        return all(newest.get(ticker, held) == held for ticker, held in self._held.items())

    def data_received(self, data: bytes) -> None:
        try:
            if self._head is not None:
                data = self._read_head(self._head + data)
            for frame in self._frames.of(data):
                self._take(frame)
        except (BadFrame, msgspec.MsgspecError) as error:
            self._crowd.fail(f"{self._guest.path}: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.fail(f"{self._guest.path}: the socket was closed")

    def _read_head(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._head = data
            return b""
        if not head.startswith(b"HTTP/1.1 101 "):
            raise BadFrame(f"refused: {head[:60]!r}")
        self._head = None
        return rest

    def _take(self, frame: Frame) -> None:
        if frame.opcode == PING:
            self._transport.write(pong(frame.payload))
        elif frame.opcode == CLOSE:
            raise BadFrame(f"closed with {int.from_bytes(frame.payload[:2])}")
        elif frame.opcode != TEXT:
            raise BadFrame(f"opcode {frame.opcode}")
        else:
            self._read(_decode(frame.payload), frame.size)

    def _read(self, message: Message, size: int) -> None:
        held = self._held
        for quote in message.quotes:
            last = held.get(quote.ticker)
            if last is None:
                raise BadFrame(f"{quote.ticker} was never asked for")
            if quote.sequence <= last[0]:
                raise BadFrame(f"{quote.ticker}: {quote.sequence} after {last[0]}")
            held[quote.ticker] = (quote.sequence, quote.price)
        if message.type == "prices":
            self._crowd.frames += 1
            self._crowd.bytes += size
        elif message.type == "snapshot" and not self._begun.done():
            self._begun.set_result(None)
        if self in self._crowd.waiting and self.holds(self._crowd.newest):
            self._crowd.satisfied(self)


def crowd(pipe: Pipe) -> None:
    """The process: `Gather` connects, `Newest` waits for prices; each is answered by `Heard`."""
    gc.disable()  # nothing here is cyclic, and a collection of all this would only cost time
    uvloop.run(_answer(pipe))


async def _answer(pipe: Pipe) -> None:
    gathered = Crowd()
    while True:
        question: Any = await asyncio.to_thread(pipe.recv)
        if isinstance(question, Gather):
            await gathered.gather(question.port, question.guests)
        else:
            await gathered.hold(question)
        pipe.send(gathered.heard())
