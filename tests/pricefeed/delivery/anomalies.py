"""Anomalies that recording would have found, and clients that are told of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from channels.layers import get_channel_layer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pricefeed.delivery.groups import ANOMALIES_GROUP
from pricefeed.delivery.messages import AnomaliesFound
from pricefeed.models import Anomaly, Direction
from securities.models import Security
from tests.asyncapi import check_frame
from tests.pricefeed.conftest import NOON
from tests.pricefeed.delivery.conftest import off_loop

WAIT_SECONDS = 20.0


def anomaly_of(ticker: str) -> Anomaly:
    return Anomaly(
        security=Security.objects.get(ticker=ticker),
        direction=Direction.UP,
        at=NOON,
        price=Decimal("10.30"),
        reference=Decimal(10),
    )


def commit(*tickers: str, times: int = 1) -> list[int]:
    """As recording does it, one commit; the ids, which grow in the order given."""
    one = {ticker: anomaly_of(ticker) for ticker in tickers}
    rows = [
        Anomaly(**{f.attname: getattr(one[ticker], f.attname) for f in Anomaly._meta.fields[1:]})
        for _ in range(times)
        for ticker in tickers
    ]
    return [row.pk for row in Anomaly.objects.bulk_create(rows)]


async def nudge() -> None:
    """As publishing does it."""
    await get_channel_layer().group_send_many([(ANOMALIES_GROUP, AnomaliesFound())])


async def find(*tickers: str, times: int = 1) -> list[int]:
    """Commit them, and say so."""
    ids: list[int] = await off_loop(lambda: commit(*tickers, times=times))
    await nudge()
    return ids


class Told:
    """A client that notes what it is told, and refuses what comes twice or out of order."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.welcomes: list[dict[str, Any]] = []
        self.anomalies: list[dict[str, Any]] = []

    @property
    def ids(self) -> list[int]:
        return [each["id"] for each in self.anomalies]

    @property
    def since(self) -> int:
        """What it would come back with."""
        newest: int = self.anomalies[-1]["id"] if self.anomalies else self.welcomes[-1]["since"]
        return newest

    @property
    def close_reason(self) -> str:
        return self._connection.close_reason or ""

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self._connection.recv())
        check_frame(frame)
        match frame["type"]:
            case "welcome":
                self.welcomes.append(frame)
            case "anomalies":
                assert self.welcomes
                for each in frame["anomalies"]:
                    assert each["id"] > self.since
                    self.anomalies.append(each)
        return frame

    async def until(self, *ids: int) -> None:
        """Hear until it has been told of exactly these."""
        while self.ids != list(ids):
            assert self.ids == list(ids[: len(self.ids)])
            await self.hear()

    async def hears_nothing(self) -> None:
        """Whatever was said before is here: the answer to this ping is the next frame."""
        await self._connection.send('{"type":"ping"}')
        assert await self.hear() == {"type": "pong"}

    async def hear_close(self) -> int:
        try:
            while True:
                await self.hear()
        except ConnectionClosed:
            assert self._connection.close_code is not None
            return self._connection.close_code


@asynccontextmanager
async def told(server: str, query: str = "") -> AsyncIterator[Told]:
    """A client that has been welcomed."""
    async with (
        asyncio.timeout(WAIT_SECONDS),
        connect(f"ws://{server}/ws/anomalies{query}") as connection,
    ):
        client = Told(connection)
        assert (await client.hear())["type"] == "welcome"
        yield client


@asynccontextmanager
async def refused(server: str, query: str) -> AsyncIterator[Told]:
    """A client that was perhaps let in."""
    async with (
        asyncio.timeout(WAIT_SECONDS),
        connect(f"ws://{server}/ws/anomalies{query}") as connection,
    ):
        yield Told(connection)
