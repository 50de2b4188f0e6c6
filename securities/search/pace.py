"""Long work in a thread beside requests."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_ITEMS_BETWEEN = 100
_PAUSE_SECONDS = 0.0001


def unhurried(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with a short sleep now and then.

    A thread that computes without end keeps the interpreter for 5 ms at a time,
    and a request that asks for it many times waits as often. Sleeping hands it
    over after a fraction of that.
    """
    for number, item in enumerate(items):
        if number % _ITEMS_BETWEEN == 0:
            time.sleep(_PAUSE_SECONDS)
        yield item
