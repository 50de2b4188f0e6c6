"""Who works for many sockets lets others have their turn in between."""

import asyncio

from pricefeed.delivery.breaths import in_breaths


async def test_others_work_between_two_parts() -> None:
    done: list[object] = []
    asyncio.get_running_loop().call_soon(done.append, "other")
    async for part in in_breaths(range(5), at_a_time=2):
        done += [part]
    assert done == [[0, 1], "other", [2, 3], [4]]


async def test_what_is_added_meanwhile_is_not_for_this_round() -> None:
    items = [1, 2, 3]
    async for part in in_breaths(items, at_a_time=2):
        items += part
    assert items == [1, 2, 3, 1, 2, 3]


async def test_for_nobody_there_is_nothing_to_do() -> None:
    assert [part async for part in in_breaths(())] == []
