"""Long work in a thread beside requests."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN = 0.0002
_PAUSE_SECONDS = 0.0001


def unhurried(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with a short sleep whenever a fifth of a millisecond has passed.

    A thread that computes without end keeps the interpreter for 5 ms at a time,
    and a request that asks for it many times waits as often. Sleeping hands it
    over after a fraction of that.
    """
    pause_at = 0.0
    for item in items:
        if time.perf_counter() >= pause_at:
            pause()
            pause_at = time.perf_counter() + _SECONDS_BETWEEN
        yield item


def pause() -> None:
    """Hand over the interpreter: between calls that keep it for a millisecond each."""
    time.sleep(_PAUSE_SECONDS)
