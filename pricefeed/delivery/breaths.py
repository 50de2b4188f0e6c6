"""Work for many sockets at a time, with breaths in between: the loop's other tasks get theirs."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

AT_A_TIME = 500
"""So many sockets are written to within some milliseconds."""

Item = TypeVar("Item")


async def in_breaths(
    items: Iterable[Item], *, at_a_time: int = AT_A_TIME
) -> AsyncIterator[list[Item]]:
    """The items as they are now, in order, some at a time; others work between two parts.

    They may be closed or gone when their part comes.
    """
    left = list(items)
    for start in range(0, len(left), at_a_time):
        if start:
            await asyncio.sleep(0)
        yield left[start : start + at_a_time]
