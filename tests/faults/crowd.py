"""Clients in a thread of their own: they connect, listen, and come back, whatever the test does."""

import asyncio
import concurrent.futures
import json
import random
import threading
import time
from collections.abc import Iterable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.faults.member import Held, Member
from tests.integration.processes import wait_until

MAX_PAUSE_SECONDS = 1.0
SILENCE_SECONDS = 30.0
_NOT_AS_YOU_ARE = range(4000, 4100)
_ABNORMAL = 1006


class Crowd:
    """All clients of a test. Its questions may be asked from the test's thread."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._lives: list[concurrent.futures.Future[None]] = []

    def join(self, port: int, *members: Member) -> None:
        """Let clients connect to a web server; returns when each has its first snapshot."""
        for member in members:
            self.members.append(member)
            life = asyncio.run_coroutine_threadsafe(_live(member, port), self._loop)
            self._lives.append(life)
        wait_until(
            lambda: all(member.holds and member.is_open for member in members),
            seconds=20,
            what=f"a snapshot for everybody; without: {[m.name for m in members if not m.holds]}",
        )

    def leave(self) -> None:
        """Everybody goes home; nobody is left amid it, to be ended in the next crowd's loop."""
        asyncio.run_coroutine_threadsafe(_end_all_others(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # -- Questions ---------------------------------------------------------------------------

    def lacking(self, committed: dict[str, Held]) -> list[str]:
        """Who does not hold the committed price of which of its tickers."""
        for life in self._lives:
            if life.done():
                life.result()  # a client of ours that broke, and not the server
        return [what for member in self.members for what in member.lacks(committed)]

    def await_holding(self, committed: dict[str, Held], *, seconds: float) -> None:
        """Until everybody holds these prices, or newer ones; says who lacks what."""
        deadline = time.monotonic() + seconds
        while lacking := self.lacking(committed):
            assert time.monotonic() < deadline, _some(f"after {seconds:.1f} s", lacking)
            time.sleep(0.01)

    def await_content(self, *, seconds: float) -> None:
        """Until nobody is cut, or told that prices are old."""
        wait_until(
            lambda: not any(member.knows_the_worst() for member in self.members),
            seconds=seconds,
            what="everybody content",
        )

    def await_knowing(self, *, seconds: float) -> None:
        """Until everybody is told that prices are old, or has lost its socket."""
        wait_until(
            lambda: all(member.knows_the_worst() for member in self.members),
            seconds=seconds,
            what="everybody told; not told: "
            + ", ".join(member.name for member in self.members if not member.knows_the_worst()),
        )

    def assert_well_treated(self, *, since: float, limit_seconds: float) -> None:
        """Nothing went backwards, nobody was refused, nobody took old prices for new ones."""
        problems = [problem for member in self.members for problem in member.problems]
        assert not problems, _some("against the protocol", problems)
        refused = [f"{m.name} with {m.refused}" for m in self.members if m.refused]
        assert not refused, _some("told not to come back", refused)
        dark = [
            what
            for member in self.members
            for what in member.left_in_the_dark(since=since, limit_seconds=limit_seconds)
        ]
        assert not dark, _some("not told that prices are old", dark)

    def told(self, *, since: float) -> int:
        """How many were told, or cut, since then."""
        return sum(member.was_told(since=since) for member in self.members)


def _some(title: str, lines: Iterable[str]) -> str:
    found = list(lines)
    return f"{title} ({len(found)}):\n" + "\n".join(found[:15])


async def _end_all_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _live(member: Member, port: int) -> None:
    """Connect, listen, and come back after a random, growing pause, for ever."""
    failures = 0
    while member.refused is None:
        try:
            async with connect(
                f"ws://127.0.0.1:{port}/ws/{member.path}",
                compression=None,
                max_size=None,
                ping_interval=None,
                open_timeout=5,
                close_timeout=0.2,
                proxy=None,
            ) as socket:
                await _listen(member, socket)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else _ABNORMAL
            if code in _NOT_AS_YOU_ARE:
                member.refused = code
            member.closed(code)
        except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, EOFError):
            if member.is_open:
                member.closed(_ABNORMAL)
        failures = 0 if _held(member) else failures + 1
        await asyncio.sleep(random.uniform(0, min(MAX_PAUSE_SECONDS, 0.1 * 2**failures)))


def _held(member: Member) -> bool:
    """Whether the last connection came as far as a snapshot."""
    last = [each.kind for each in member.heard[-50:]]
    return "open" in last and "snapshot" in last[len(last) - last[::-1].index("open") :]


async def _listen(member: Member, socket: ClientConnection) -> None:
    member.opened()
    if member.token is not None:
        auth = {"type": "auth", "token": member.token, "since": member.since}
        await socket.send(json.dumps(auth))
    while True:
        async with asyncio.timeout(SILENCE_SECONDS):  # wait_for may lose that we are to end
            text = await socket.recv()
        member.take(json.loads(text))
