"""Leaving: sockets are closed a few at a time, each with a word when to come back.

Who has not had its turn yet goes on getting prices, so the crowd is spread by closing it
slowly, which costs nobody anything, and only as far as that must be hurried by the hints.
docs/adr/0010-leaving.md says how the figures were chosen.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable

from pricefeed.delivery import close_codes
from pricefeed.delivery.breaths import AT_A_TIME
from pricefeed.delivery.outlet import Outlet

RETURNS_PER_SECOND = 500
"""How many a leaving process sends to the others: what two cores take in beside their work."""

JITTER_SECONDS = 0.4
"""Within a batch; as long as a client's first back-off."""

_LONGEST_HINT_MS = 999_999  # six digits, says the protocol
_BATCH_SECONDS = 0.05


def farewell(wait_seconds: float = 0.0) -> str:
    """The reason of a close with 4100: come back after `wait_seconds` and some jitter."""
    seconds = max(0.0, wait_seconds) + random.uniform(0, JITTER_SECONDS)  # noqa: S311
    hint = min(round(seconds * 1000), _LONGEST_HINT_MS)
    return f"{close_codes.REASONS[close_codes.GOING_AWAY]}; retry_after_ms={hint}"


async def send_away(connections: Iterable[Outlet], *, until: Callable[[], float]) -> None:
    """Close them in random order at RETURNS_PER_SECOND, or as fast as `until` demands.

    `until` is the time (of `time.monotonic`) by which the last is to be closed; it is asked
    again and again and may change. Hurried or not, the hints bring nobody back before the
    turn it would have had without hurry. A full socket is closed last: it may recover.
    """
    waiting = [connection for connection in connections if not connection.closed]
    random.shuffle(waiting)
    full: list[Outlet] = []
    began = before = time.monotonic()
    told, due = 0, 0.0
    while waiting:
        await asyncio.sleep(_BATCH_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311
        now = time.monotonic()
        due += _due(len(waiting), passed=now - before, left=until() - now)
        while waiting and due >= 1:
            connection = waiting.pop()
            due -= 1
            if connection.blocked:
                full.append(connection)
            else:
                connection.close(
                    close_codes.GOING_AWAY, farewell(told / RETURNS_PER_SECOND - (now - began))
                )
            told += 1
            if told % AT_A_TIME == 0:
                await asyncio.sleep(0)
        before = now
    close_now(full)


def close_now(connections: Iterable[Outlet]) -> None:
    """Close them without waiting for anybody; who does not read is cut off."""
    for connection in connections:
        connection.close(close_codes.GOING_AWAY, farewell())


def _due(waiting: int, *, passed: float, left: float) -> float:
    """How many have had their turn in the `passed` seconds; parts of one add up."""
    return waiting if left <= 0 else passed * max(RETURNS_PER_SECOND, waiting / left)
