"""What clients are told of epochs and lists."""

import asyncio
import json
from typing import Any

from pricefeed.delivery.board import Board
from pricefeed.delivery.breaths import AT_A_TIME
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.latest import Mark
from pricefeed.delivery.protocol import Since
from pricefeed.delivery.teller import Teller
from pricefeed.delivery.wire import WireQuote


class Reader:
    """A socket, and the frames that it got."""

    def __init__(self) -> None:
        self.connection = Connection(self._send, on_free=lambda _: None)
        self.frames: list[dict[str, Any]] = []

    async def _send(self, message: dict[str, Any]) -> None:
        self.frames.append(json.loads(message["text"]))


async def test_who_is_written_to_before_its_turn_is_greeted_then_and_once() -> None:
    teller, readers = Teller(Board()), [Reader() for _ in range(2 * AT_A_TIME)]
    first, last = readers[0], readers[-1]
    teller.mark = Mark("one", 7)
    for each in readers:
        teller.greet(each.connection)
        each.frames.clear()
    heard: list[list[int]] = []

    def has_room() -> None:
        teller.bring_up_to_date(last.connection)
        heard.append([len(each.frames) for each in (first, readers[AT_A_TIME], last)])

    teller.mark = Mark("two", 0)
    asyncio.get_running_loop().call_soon(has_room)
    await teller.greet_anew(each.connection for each in readers)

    assert heard == [[2, 0, 2]]  # a part had been told by then, and others had their turn
    for each in readers:
        assert [frame["type"] for frame in each.frames] == ["welcome", "snapshot"]
        assert each.frames[0]["epoch"] == "two"


async def test_who_comes_back_is_told_of_a_list_without_the_ticker_that_nobody_has() -> None:
    board, reader = Board(), Reader()
    teller, list_of_two = Teller(board), ("A", "B")
    teller.mark = Mark("one", 7)
    reader.connection.watch(list_of_two, board.hold(list_of_two))
    board.load(WireQuote("B", 3, '{"ticker":"B","sequence":3}', '"name":"B"'))

    teller.greet(reader.connection, Since("one", 5))
    snapshot = reader.frames.pop()
    assert (snapshot["tickers"], snapshot["quotes"]) == (["B"], [])

    board.put(WireQuote("A", 0, '{"ticker":"A","sequence":0}', '"name":"New"'))
    teller.bring_up_to_date(reader.connection)
    assert [frame["type"] for frame in reader.frames] == ["welcome", "watchlist"]
    assert reader.frames[1]["tickers"] == ["A", "B"]
    assert [quote["name"] for quote in reader.frames[1]["added"]] == ["New"]
