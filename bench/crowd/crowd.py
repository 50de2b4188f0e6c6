"""The load client: many sockets in one process, every frame of theirs checked.

It keeps what each user has been told, ticker by ticker, and calls a tick received
when every user holds the newest price of everything on their list.
"""

import asyncio
import gc
import random
import time
from typing import Any

import uvloop

from bench.crowd.member import Member
from bench.crowd.messages import Arrive, Back, Cut, Gather, Heard
from bench.crowd.tally import Tally
from bench.market.plan import Guest, Newest
from bench.process import BenchmarkFailed, Pipe

CONNECTING_AT_ONCE = 64
PATIENCE_SECONDS = 300.0
CALM_SECONDS = 0.03
_ATTEMPT_SECONDS = 20.0
_LONGEST_PAUSE_SECONDS = 30.0


class Crowd:
    """All members."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.members: list[Member] = []

    async def gather(self, port: int, guests: list[Guest]) -> None:
        """Connect them all; returns when each has had a snapshot. Raises BenchmarkFailed."""
        door = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self.members = [Member(guest, self.tally) for guest in guests]

        async def let_in(member: Member) -> None:
            async with door:
                await member.connect(port)

        coming = asyncio.gather(*map(let_in, self.members))
        # A refused socket ends the waiting of all: nobody's snapshot is worth waiting for then.
        self.tally.on_failure(coming)
        try:
            await coming
        except asyncio.CancelledError:
            self.tally.check()
            raise

    async def hold(self, newest: Newest) -> None:
        """Returns when every member holds these prices. Raises BenchmarkFailed."""
        self.tally.newest = newest
        self.tally.waiting = {member for member in self.members if not member.holds(newest)}
        await self.tally.over(seconds=PATIENCE_SECONDS)

    async def arrive(self, frames: int) -> None:
        """Returns when that many frames have been counted. Raises BenchmarkFailed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.tally.frames < frames:
            self.tally.check()
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"{self.tally.frames:,} frames came, not {frames:,}.")
            await asyncio.sleep(CALM_SECONDS)

    async def cut(self, port: int, jitter_seconds: float) -> Back:
        """All at once; each comes back as a client does. Raises BenchmarkFailed."""
        began = time.monotonic()
        for member in self.members:
            member.cut()
        self.tally.waiting = set(self.members)
        coming = asyncio.gather(*(come_back(each, port, jitter_seconds) for each in self.members))
        self.tally.on_failure(coming)
        await self.tally.over(seconds=PATIENCE_SECONDS)
        return Back(self.tally.held_at - began, sum(await coming))

    async def read_when_calm(self) -> None:
        """With `keeps_arrivals`: understand what came once nothing more comes."""
        tally = self.tally
        while True:
            await asyncio.sleep(CALM_SECONDS)
            if tally.late and time.monotonic() - tally.late[-1][0] > CALM_SECONDS:
                tally.understand()

    def heard(self) -> Heard:
        """What was received since the last call."""
        tally = self.tally
        heard = Heard(tally.frames, tally.bytes, tally.arrivals)
        tally.frames, tally.bytes, tally.arrivals = 0, 0, []
        return heard


async def come_back(member: Member, port: int, jitter_seconds: float) -> int:
    """As our clients do: full jitter, which doubles with each failure; returns the attempts."""
    attempts = 0
    while True:
        await asyncio.sleep(random.random() * jitter_seconds)
        attempts += 1
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                await member.connect(port)
        except OSError:  # TimeoutError is one
            member.hang_up()
            jitter_seconds = min(2 * jitter_seconds, _LONGEST_PAUSE_SECONDS)
        else:
            return attempts


def crowd(pipe: Pipe) -> None:
    """The process: answers each question; `Newest` is a question, too, answered by `Heard`."""
    gc.disable()  # nothing here is cyclic, and a collection of all this would only cost time
    uvloop.run(_answer(pipe))


async def _answer(pipe: Pipe) -> None:
    gathered = Crowd()
    reading: asyncio.Task[None] | None = None
    while True:
        question: Any = await asyncio.to_thread(pipe.recv)
        match question:
            case Gather(port, guests, keeps_arrivals):
                await gathered.gather(port, guests)
                if keeps_arrivals and reading is None:
                    gathered.tally.keeps_arrivals = True
                    reading = asyncio.ensure_future(gathered.read_when_calm())
            case Arrive(frames):
                await gathered.arrive(frames)
            case Cut(port, jitter_seconds):
                pipe.send(await gathered.cut(port, jitter_seconds))
                continue
            case _:
                await gathered.hold(question)
        pipe.send(gathered.heard())
