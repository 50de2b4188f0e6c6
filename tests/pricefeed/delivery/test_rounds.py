"""Nobody is left in silence for longer than `welcome` promises, by a clock that we move."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from pricefeed.delivery import rounds, turns
from pricefeed.delivery.board import Board
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.protocol import HEARTBEAT_SECONDS
from pricefeed.delivery.rounds import Rounds
from pricefeed.delivery.teller import Teller
from pricefeed.delivery.wire import WireQuote
from tests.pricefeed.delivery.conftest import Clock

MINUTES = 10


class Listener(Connection):
    """Notes when it is told something, and when it is pinged."""

    def __init__(self, house: "House", ticker: str) -> None:
        self.clock = house.clock
        self.heard: list[float] = []
        self.pinged: list[float] = []
        super().__init__(self.hear, asked=(ticker,), on_free=house.teller.bring_up_to_date)
        self.watch((ticker,), house.board.hold([ticker]))
        house.teller.greet(self)

    async def hear(self, _: dict[str, Any]) -> None:
        self.heard.append(self.clock.now)

    def ask(self, text: str) -> None:
        self.pinged.append(self.clock.now)
        self.write(text)


class House:
    """A teller, its rounds and its listeners; nothing else of a hub is needed here."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.board = Board()
        self.teller = Teller(self.board)
        self.listeners: list[Listener] = []
        self.rounds = Rounds(
            outlets=lambda: self.listeners,
            teller=self.teller,
            writing=asyncio.Lock(),
            stale_seconds=1e9,
        )

    def enter(self, ticker: str) -> None:
        self.listeners.append(Listener(self, ticker))

    async def move(self, quote: WireQuote) -> None:
        self.board.put(quote)
        await self.teller.tell_changes(self.listeners)
        self.board.flushed()


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    clock = Clock()
    monkeypatch.setattr(turns, "time", clock)
    monkeypatch.setattr(rounds, "time", clock)
    return House(clock)


def longest(moments: list[float]) -> float:
    return max(after - before for before, after in pairwise(moments))


@pytest.mark.parametrize("seed", range(5))
async def test_silence_is_never_longer_than_promised_though_rounds_come_late(
    house: House, quote: Callable[..., WireQuote], seed: int
) -> None:
    """Some watch what never moves, some what moves every five seconds, or now and then."""
    chance, clock = Random(seed), house.clock
    clock.now += chance.random()
    begins, late, sequence = clock.now, 0.0, 0
    moves = [("STEADY", begins + 5 * n) for n in range(MINUTES * 12)]
    moves += [("SELDOM", begins + chance.uniform(0, MINUTES * 60)) for _ in range(MINUTES * 2)]
    moves.sort(key=lambda move: move[1])
    for second in range(1, MINUTES * 60):
        due = begins + second + late
        while moves and moves[0][1] < due:
            ticker, clock.now = moves.pop(0)
            sequence += 1
            await house.move(quote(ticker, sequence))
        if len(house.listeners) < 60:
            clock.now = max(clock.now, due - chance.random() / 2)
            house.enter(chance.choice(("NEVER", "STEADY", "SELDOM")))
        clock.now = max(clock.now, due)
        await house.rounds.one()
        late = chance.choice((0.0, 0.0, 0.0, 0.9))
    for listener in house.listeners:
        assert longest([*listener.heard, clock.now]) <= HEARTBEAT_SECONDS
        assert longest([*listener.pinged, clock.now]) <= turns.PING_ROUNDS + 5
        assert listener.pinged[0] - listener.heard[0] <= HEARTBEAT_SECONDS + turns.PING_ROUNDS + 5
