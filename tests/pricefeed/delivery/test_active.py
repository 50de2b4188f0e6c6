"""Which tickers are active is known without asking for each socket, and never wrongly."""

import asyncio
from collections.abc import Collection

import pytest

from pricefeed.delivery.active import ActiveTickers


class Database:
    """What there is, and how often it was asked."""

    def __init__(self, *tickers: str) -> None:
        self.tickers = tickers
        self.reads: list[Collection[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def all(self) -> tuple[str, ...]:
        found = self.tickers
        self.reads.append("all")
        await self.may_answer.wait()
        return found

    async def among(self, tickers: Collection[str]) -> set[str]:
        self.reads.append(sorted(tickers))
        return set(tickers).intersection(self.tickers)


@pytest.fixture
def database() -> Database:
    return Database("A", "B")


@pytest.fixture
def active(database: Database) -> ActiveTickers:
    return ActiveTickers(read=database.all, among=database.among)


async def test_thousands_who_ask_share_one_read_and_one_list(
    active: ActiveTickers, database: Database
) -> None:
    found = await asyncio.gather(*(active.all() for _ in range(1000)))
    assert {id(each) for each in found} == {id(database.tickers)}
    assert all(await asyncio.gather(*(active.are_all(("A", "B")) for _ in range(1000))))
    assert database.reads == ["all"]


async def test_what_is_there_already_though_nobody_said_so_is_found(
    active: ActiveTickers, database: Database
) -> None:
    await active.all()
    database.tickers = ("A", "B", "C")
    assert await active.are_all(("A", "C"))
    assert not await active.are_all(("C", "D"))


async def test_those_who_ask_for_unknown_ones_at_once_share_a_read(
    active: ActiveTickers, database: Database
) -> None:
    assert not any(await asyncio.gather(*(active.are_all((f"X{n}",)) for n in range(500))))
    assert len(database.reads) == 2


async def test_a_change_while_it_is_read_is_read_again(
    active: ActiveTickers, database: Database
) -> None:
    database.may_answer.clear()
    reading = asyncio.ensure_future(active.all())
    await asyncio.sleep(0)
    database.tickers = ("B",)
    active.forget()
    database.may_answer.set()
    assert await reading == ("B",)
    assert not await active.are_all(("A",))
