import asyncio
from collections.abc import Sequence

import pytest

from pricefeed.delivery import gathered
from pricefeed.delivery.gathered import Gathered


class Oracle:
    """Answers with the square, when it is let; remembers how it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None

    async def ask(self, numbers: Sequence[int]) -> dict[int, int]:
        self.asked.append(sorted(numbers))
        self.was_asked.set()
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return {number: number**2 for number in numbers}


async def test_questions_that_come_while_one_is_asked_are_asked_together() -> None:
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=10)
    oracle.may_answer.clear()
    first = asyncio.gather(squares.get(1), squares.get(2))
    await asyncio.sleep(0.01)
    later = asyncio.gather(*(squares.get(number) for number in (3, 4, 3, 1)))
    await asyncio.sleep(0.01)
    oracle.may_answer.set()
    assert await first == [1, 4]
    assert await later == [9, 16, 9, 1]
    # 1 is asked again: the answer under way may be older than the second question.
    assert oracle.asked == [[1, 2], [1, 3, 4]]


async def test_in_a_crowd_a_question_waits_a_moment_for_company() -> None:
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=10)
    first = asyncio.ensure_future(squares.get(1))
    await oracle.was_asked.wait()
    second = asyncio.ensure_future(squares.get(2))
    assert await first == 1
    third = asyncio.ensure_future(squares.get(3))
    assert await asyncio.gather(second, third) == [4, 9]
    assert oracle.asked == [[1], [2, 3]]


async def test_a_crowd_that_pauses_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "CROWD_PAUSES_SECONDS", 3600.0)
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=10)
    assert await squares.get(1) == 1
    second = asyncio.ensure_future(squares.get(2))
    await asyncio.sleep(gathered.CROWD_SECONDS / 10)
    assert await asyncio.gather(second, squares.get(3)) == [4, 9]
    assert oracle.asked == [[1], [2, 3]]


async def test_who_comes_alone_is_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "CROWD_SECONDS", 3600.0)
    monkeypatch.setattr(gathered, "CROWD_PAUSES_SECONDS", 0.01)
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=10)
    async with asyncio.timeout(20):
        assert await squares.get(1) == 1
        await asyncio.sleep(0.02)
        assert await squares.get(2) == 4


async def test_a_full_question_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "CROWD_SECONDS", 3600.0)
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=2)
    first = asyncio.ensure_future(squares.get(1))
    await oracle.was_asked.wait()
    async with asyncio.timeout(20):
        assert await asyncio.gather(first, squares.get(2), squares.get(3)) == [1, 4, 9]
    assert oracle.asked == [[1], [2, 3]]


async def test_no_question_is_larger_than_allowed() -> None:
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=2)
    assert await asyncio.gather(*map(squares.get, range(5))) == [0, 1, 4, 9, 16]
    assert [len(each) for each in oracle.asked] == [2, 2, 1]


async def test_an_error_reaches_those_who_asked_and_nobody_later() -> None:
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=10)
    oracle.error = ConnectionError("away")
    told = await asyncio.gather(squares.get(1), squares.get(2), return_exceptions=True)
    assert [type(each) for each in told] == [ConnectionError, ConnectionError]
    oracle.error = None
    assert await squares.get(1) == 1


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    oracle = Oracle()
    squares = Gathered(oracle.ask, at_most=10)
    oracle.may_answer.clear()
    leaving, staying = asyncio.ensure_future(squares.get(1)), asyncio.ensure_future(squares.get(1))
    await asyncio.sleep(0.01)
    leaving.cancel()
    oracle.may_answer.set()
    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving
