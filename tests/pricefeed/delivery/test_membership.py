import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from pricefeed.delivery import membership
from pricefeed.delivery.groups import price_group
from pricefeed.delivery.hub import Hub
from tests.pricefeed.delivery.conftest import Join, Run

pytestmark = pytest.mark.django_db(transaction=True)


async def test_who_comes_at_once_shares_the_way_to_redis(
    run: Run, hub: Hub, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20", "C": "30", "D": "40"})
    asked: list[int] = []
    add = hub._layer.group_add_many

    async def counted(groups: Iterable[str], channel: str) -> None:
        names = list(groups)
        asked.append(len(names))
        await add(names, channel)

    monkeypatch.setattr(hub._layer, "group_add_many", counted)
    clients = await asyncio.gather(*(join(asked=(ticker,)) for ticker in "ABCDAB"))
    prices = {"A": "10.00", "B": "20.00", "C": "30.00", "D": "40.00"}
    assert [client.prices for client in clients] == [{each: prices[each]} for each in "ABCDAB"]
    assert asked == [1, 3]


async def test_a_failure_is_of_those_alone_who_asked_while_redis_was_away(
    run: Run, hub: Hub, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20", "C": "30", "D": "40"})
    add, calls = hub._layer.group_add_many, iter(range(100))

    async def failing_at_first(*arguments: Any) -> None:
        await asyncio.sleep(0)
        if next(calls) == 0:
            raise ConnectionError("Redis is away")
        await add(*arguments)

    monkeypatch.setattr(hub._layer, "group_add_many", failing_at_first)
    first, *others = await asyncio.gather(
        *(join(asked=(ticker,)) for ticker in "ABCD"), return_exceptions=True
    )
    assert isinstance(first, ConnectionError)
    assert [client.prices for client in others if not isinstance(client, BaseException)] == [
        {"B": "20.00"}, {"C": "30.00"}, {"D": "40.00"},
    ]  # fmt: skip
    assert set(hub._board.unwatched()) == {"A"}


async def test_groups_are_left_between_flushes_whether_redis_hears_of_it_or_not(
    hub: Hub, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "_LEAVE_SECONDS", 0.01)
    told: list[list[str]] = []

    async def away(groups: Iterable[str], _: str) -> None:
        told.append(list(groups))
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(hub._layer, "group_discard_many", away)
    left = await join(asked=("A", "B"))
    await join(asked=("B",))
    writing = asyncio.Lock()
    leaving = asyncio.ensure_future(hub._membership.keep_leaving(writing=writing))
    async with writing:
        hub.remove(left.connection)
        await asyncio.sleep(0.1)
        assert hub._board.unwatched() == ["A"]
    for _ in range(2):  # it goes on after a failure
        async with asyncio.timeout(20):
            while hub._board.unwatched():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        hub.remove((await join(asked=("A",))).connection)
    leaving.cancel()
    assert told[:2] == [[price_group("A")]] * 2
