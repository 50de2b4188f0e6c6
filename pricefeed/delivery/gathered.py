"""Many single questions asked as few: what comes while one is under way goes into the next."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

CROWD_SECONDS = 0.03
"""Who comes in a crowd waits so long for company: a question costs much, one more key nearly none.

At 4,000 sockets a second a hundred come in that time. Who comes alone is asked for at once."""

CROWD_PAUSES_SECONDS = 0.1
"""Who comes within so long of the last answer belongs to its crowd."""

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class Gathered(Generic[Key, Answer]):
    """When thousands of sockets open at once, their questions share thread hops and queries.

    `ask` answers for every key, at most `at_most` of them at a time; what it raises,
    all who asked with it get. Belongs to the event loop it is first used in.
    """

    def __init__(
        self, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Answer]]], *, at_most: int
    ) -> None:
        self._ask = ask
        self._at_most = at_most
        self._waiting: dict[Key, list[asyncio.Future[Answer]]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._crowd_until = -math.inf

    async def get(self, key: Key) -> Answer:
        """The answer for one key; the question begins after this call, never before."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._work())
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                if len(self._waiting) < self._at_most:
                    is_crowd = loop.time() < self._crowd_until
                    # Also who is alone lets those come who are about to ask in this very moment.
                    await asyncio.sleep(CROWD_SECONDS if is_crowd else 0)
                keys = list(self._waiting)[: self._at_most]
                asked = {key: self._waiting.pop(key) for key in keys}
                await self._answer(asked)
                self._crowd_until = loop.time() + CROWD_PAUSES_SECONDS
        finally:
            self._asking = None

    async def _answer(self, asked: Mapping[Key, Sequence["asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._ask(list(asked))
            found = {key: answers[key] for key in asked}
        except Exception as error:  # noqa: BLE001  whoever asked decides what it means
            for future in (each for futures in asked.values() for each in futures):
                if not future.done():
                    future.set_exception(error)
            return
        for key, futures in asked.items():
            for future in futures:
                if not future.done():  # who asked may have left meanwhile
                    future.set_result(found[key])
