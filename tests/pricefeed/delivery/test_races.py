"""Orders of events that seldom come about, forced: what is slow waits for what overtakes it."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from accounts.models import User
from pricefeed import recorders
from pricefeed.columns import TickColumns, microseconds
from pricefeed.delivery import latest
from pricefeed.delivery.anomalies import AnomalyOutlet
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.latest import LatestReader
from pricefeed.delivery.publish import publish
from pricefeed.delivery.wire import WireQuote
from pricefeed.recording import services
from pricefeed.recording.services import Recorded, record, record_pushed
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.redis_client import redis_client
from securities.services import security_create
from tests.pricefeed.conftest import NOON, MakeTick
from tests.pricefeed.delivery.anomalies import commit
from tests.pricefeed.delivery.conftest import (
    Join,
    Run,
    edit,
    heard,
    off_loop,
    pass_on,
    rename,
    restored_from_backup,
)
from watchlists.services import watchlist_add_security, watchlist_remove_security

pytestmark = pytest.mark.django_db(transaction=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


async def stored(*tickers: str) -> dict[str, Any]:
    """What a newcomer would be told of them."""
    found, _ = await LatestReader().read(tickers)
    return {quote.ticker: json.loads(quote.full) for quote in found}


# -- A batch is recorded while a security gets another name ---------------------------------------


def push_amid(meanwhile: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder takes A at 11; `meanwhile` comes between its reading of names and its commit."""
    security = Security.objects.get(ticker="A")
    ticks = TickColumns.of([security.pk], [microseconds(NOON) + 60_000_000], [11_000_000])
    names = services.named_securities

    def then(ids: Any) -> Any:
        found = names(ids)
        meanwhile()
        return found

    before = recorders._before()
    with monkeypatch.context() as patch:
        patch.setattr(services, "named_securities", then)
        recorded = record_pushed(ticks, steps=[])
    recorders._publish(recorded, before=before)


async def test_a_batch_that_was_under_way_does_not_take_back_a_new_name(
    run: Run, join: Join, watching: User, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)

    def meanwhile() -> None:
        rename("A", "Another Name")
        publish(record([tick("B", "21", seconds=50)]))

    await off_loop(lambda: push_amid(meanwhile, monkeypatch))
    await client.until_prices(A="11.00", B="21.00")
    assert client.quotes["A"]["name"] == "Another Name"
    assert (await stored("A"))["A"]["name"] == "Another Name"


async def test_the_price_of_a_batch_that_was_under_way_comes_under_the_new_ticker(
    run: Run, join: Join, watching: User, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)

    def meanwhile() -> None:
        pass_on("A", "AX")
        publish(record([tick("B", "21", seconds=50)]))

    await off_loop(lambda: push_amid(meanwhile, monkeypatch))
    await client.until_prices(AX="11.00")
    assert list(await stored("A", "AX")) == ["AX"]

    await off_loop(lambda: security_create(entry=CatalogueEntry("A", "New", "NASDAQ", "USD")))
    newcomer = await join(asked=("A", "C"))
    await run({"C": "31"})
    await newcomer.until_prices(C="31.00")
    assert (newcomer.quotes["A"]["name"], newcomer.prices["A"]) == ("New", None)


@pytest.mark.parametrize("lets_go", [False, True])
async def test_what_was_read_for_a_newcomer_is_stored_unless_its_ticker_was_given_up(
    run: Run, hub: Hub, join: Join, tick: MakeTick, monkeypatch: pytest.MonkeyPatch, lets_go: bool
) -> None:
    await run({"A": "10", "B": "20"})
    redis_client().delete(latest._QUOTES)
    read = hub._membership._quotes_from_database

    def meanwhile() -> None:
        if lets_go:
            pass_on("A", "AX")
        publish(record([tick("B", "21", seconds=50)]))

    async def slow(tickers: Sequence[str]) -> list[WireQuote]:
        found = await read(tickers)
        await off_loop(meanwhile)
        return found

    monkeypatch.setattr(hub._membership, "_quotes_from_database", slow)
    await join(asked=("A",))
    assert ("A" in await stored("A")) is not lets_go


# -- Several commits wait for their turn to be published ------------------------------------------


async def test_a_newer_quote_that_went_out_early_is_not_replaced_by_an_older_one(
    run: Run, join: Join, watching: User, tick: MakeTick
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)

    def commit_of(ticker: str, price: str, seconds: int) -> Recorded:
        return record([tick(ticker, price, seconds=seconds)])

    def work() -> None:
        before = recorders._before()
        commit_of("C", "30", 50)  # it does not come to its turn, so the next is a repair
        second, third = commit_of("B", "21", 51), commit_of("A", "12", 52)
        commit_of("A", "13", 53)  # what is repaired holds this already
        recorders._publish(second, before=before)
        recorders._publish(third, before=before)

    await off_loop(work)
    await client.until_prices(A="13.00", B="21.00")
    assert (await stored("A"))["A"]["sequence"] == client.quotes["A"]["sequence"]
    unknown = recorders._Before(None, None)
    await off_loop(lambda: recorders._publish(commit_of("A", "14", 54), before=unknown))
    await client.until_prices(A="14.00")


# -- An epoch begins while something is read or written -------------------------------------------


class AnomalyClient:
    """Keeps what docs/protocol.md says it should."""

    def __init__(self, hub: Hub) -> None:
        self.epochs: list[str] = []
        self.known: dict[int, str] = {}
        self.outlet = AnomalyOutlet(self.send, on_free=hub.announcer.bring_up_to_date)

    async def send(self, message: dict[str, Any]) -> None:
        frame = json.loads(message["text"])
        if frame["type"] == "welcome":
            if self.epochs and frame["epoch"] != self.epochs[-1]:
                self.known.clear()
            self.epochs.append(frame["epoch"])
        elif frame["type"] == "anomalies":
            self.known |= {each["id"]: each["ticker"] for each in frame["anomalies"]}


async def test_who_asks_for_anomalies_while_prices_are_greeted_anew_is_told_todays_tickers(
    run: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    await off_loop(lambda: commit("A"))
    first = AnomalyClient(hub)
    await hub.add_anomalies(first.outlet, 0)
    assert list(first.known.values()) == ["A"]

    greeting, may_greet = asyncio.Event(), asyncio.Event()
    at_once = hub._teller.greet_anew

    async def slowly(connections: Iterable[Connection]) -> None:  # as with thousands of sockets
        greeting.set()
        await may_greet.wait()
        await at_once(connections)

    monkeypatch.setattr(hub._teller, "greet_anew", slowly)
    await off_loop(lambda: pass_on("A", "AX"))
    await run({"B": "21"})
    async with asyncio.timeout(20):
        await greeting.wait()
    newcomer = AnomalyClient(hub)
    await hub.add_anomalies(newcomer.outlet, 0)
    may_greet.set()
    await until(lambda: len(first.epochs) == 2)
    assert newcomer.epochs[-1] == first.epochs[-1] == hub._teller.mark.epoch
    assert "A" not in newcomer.known.values()


async def test_an_epoch_that_begins_while_anomalies_are_read_anew_is_told(
    run: Run, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    await off_loop(lambda: commit("A", "B"))
    client = AnomalyClient(hub)
    await hub.add_anomalies(client.outlet, 0)
    reading, may_end = asyncio.Event(), asyncio.Event()
    reads = hub.announcer._reads

    async def slowly(limit: int) -> Any:
        found = await reads.newest(limit)
        reading.set()
        await may_end.wait()
        return found

    hub.announcer._reads = reads._replace(newest=slowly)
    await off_loop(lambda: pass_on("A", "AX"))
    await run({"C": "30"})
    async with asyncio.timeout(20):
        await reading.wait()
    second = hub._teller.mark.epoch
    await off_loop(lambda: pass_on("B", "BX"))
    await run({"C": "31"})
    await until(lambda: hub._teller.mark.epoch != second)
    may_end.set()
    await until(lambda: client.epochs[-1] == hub._teller.mark.epoch)
    newcomer = AnomalyClient(hub)
    await hub.add_anomalies(newcomer.outlet, 0)
    assert newcomer.epochs == client.epochs[-1:]
    assert list(newcomer.known.values())[:2] == ["AX", "BX"]


async def test_an_epoch_that_begins_between_two_newcomers_is_told_to_both(
    run: Run, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    await off_loop(lambda: commit("A"))
    reads, turns = hub.announcer._reads, [asyncio.Event(), asyncio.Event()]
    begun: list[asyncio.Event] = []

    async def slowly(limit: int) -> Any:
        found = await reads.newest(limit)
        begun.append(may_end := turns[len(begun)])
        await may_end.wait()
        return found

    hub.announcer._reads = reads._replace(newest=slowly)
    clients = [AnomalyClient(hub) for _ in range(2)]
    coming = [asyncio.ensure_future(hub.add_anomalies(each.outlet, 0)) for each in clients]
    await until(lambda: len(begun) == 1)
    epoch = hub._teller.mark.epoch
    await off_loop(lambda: pass_on("A", "AX"))
    await run({"C": "30"})
    await until(lambda: hub._teller.mark.epoch != epoch)
    turns[0].set()
    await until(lambda: len(begun) == 2)
    await coming[0]
    turns[1].set()
    await coming[1]
    for client in clients:
        await until(lambda client=client: client.epochs[-1] == hub._teller.mark.epoch)
        assert "A" not in client.known.values()


async def test_quotes_of_another_epoch_are_not_told_under_the_old_one(
    run: Run, join: Join, hub: Hub, watching: User
) -> None:
    for price in ("10", "11", "12"):
        await run({"A": price, "B": price})
    slow = await join(user_id=watching.pk)
    await slow.until_prices(A="12.00")
    slow.stall()
    await run({"A": "13"})
    await heard(hub, 7)
    assert slow.connection.blocked
    async with hub._writing:  # as amid heartbeats to thousands
        await off_loop(restored_from_backup)
        await run({"A": "5"})
        await until(lambda: bool(hub._writing._waiters))  # what it has read waits for its turn
        slow.read_on()
        await slow.until_prices(A="13.00")
        newcomer = await join(user_id=watching.pk)
        assert newcomer.prices["A"] == "13.00"
    for client in (slow, newcomer):  # whose test fails where a sequence goes backwards
        await client.until_prices(A="5.00")
        assert client.kinds().count("welcome") == 2


# -- A list is edited while another edit of it is followed ----------------------------------------


async def test_who_comes_with_a_newer_list_is_not_given_the_one_that_was_read_before(
    run: Run, join: Join, hub: Hub, watching: User
) -> None:
    await run({"A": "10", "B": "20", "C": "30"})
    first = await join(user_id=watching.pk)
    reading, may_end = asyncio.Event(), asyncio.Event()
    read = hub._follower._lists_of_users

    async def slowly(users: Sequence[int]) -> dict[int, tuple[str, ...]]:
        found = await read(users)
        reading.set()
        await may_end.wait()
        return found

    hub._follower._lists_of_users = slowly
    await edit(watchlist_remove_security, watching, "B")
    async with asyncio.timeout(20):
        await reading.wait()
    await edit(watchlist_add_security, watching, "C")
    second = await join(user_id=watching.pk)
    assert list(second.prices) == ["A", "C"]
    may_end.set()
    await first.until(lambda: list(first.prices) == ["A", "C"])
    assert second.kinds() == ["welcome", "snapshot"]
