"""`/ws/anomalies`, spoken to over the network: every anomaly, in order, each once."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from channels.layers import get_channel_layer
from django.db import connection, transaction

from pricefeed.delivery import anomalies, anomalies_nudge, rounds
from pricefeed.delivery.anomalies_nudge import nudge
from pricefeed.delivery.anomalies_tail import TAIL_LENGTH
from pricefeed.delivery.groups import FEED_GROUP
from pricefeed.delivery.messages import FeedMark
from pricefeed.models import Anomaly, Feed
from pricefeed.recording.analytics import selectors
from tests.conftest import set_active
from tests.faults.stalled import Stalled
from tests.pricefeed.delivery.anomalies import Told, commit, find, refused, told
from tests.pricefeed.delivery.conftest import closed, off_loop
from tests.pricefeed.delivery.test_sockets import cut_subscribers

pytestmark = pytest.mark.django_db(transaction=True)

NUDGED_SECONDS = 1.0
"""Well below the time after which the reader looks by itself, in the tests of words that arrive."""


@pytest.fixture(autouse=True)
def small_market(market: None) -> None:
    """A, B, C and D."""


@pytest.fixture
def looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing arrives but by a word."""
    monkeypatch.setattr(anomalies, "LOOK_SECONDS", 60.0)


# -- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["since=", "since=-1", "since=x", "since=1.5", "since=" + "9" * 19, "since=1&since=2",
     "since=%D9%A3", "ticker=A&ticker=B", "&".join(["a=1"] * 30)],
)  # fmt: skip
async def test_an_address_that_makes_no_sense_is_closed_with_4000(server: str, query: str) -> None:
    async with refused(server, f"?{query}") as client:
        assert await client.hear_close() == 4000


@pytest.mark.parametrize("ticker", ["NOSUCH", "", "%20", "A,B"])
async def test_an_unknown_ticker_is_closed_with_4004(server: str, ticker: str) -> None:
    async with refused(server, f"?ticker={ticker}&since=0") as client:
        assert await client.hear_close() == 4004


async def test_while_postgres_is_away_sockets_are_asked_to_come_back(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with told(server) as witness:
        monkeypatch.setattr(selectors, "_anomalies", away)
        async with refused(server, "?since=999") as client:
            assert await client.hear_close() == 4103
        await witness.hears_nothing()


def away(*_: Any) -> Any:
    raise ConnectionError("it is away")


async def test_it_needs_no_authentication_and_says_so(server: str) -> None:
    async with told(server) as client:
        await client._connection.send(json.dumps({"type": "auth", "token": "x"}))
        assert (await client.hear())["code"] == "bad_message"
        await client.hears_nothing()


# -- What is told -----------------------------------------------------------------------------


async def test_what_is_found_is_told_at_once_with_all_that_there_is_to_know(
    server: str, looks_seldom: None
) -> None:
    async with told(server) as client, asyncio.timeout(NUDGED_SECONDS):
        (found,) = await find("B")
        await client.until(found)
    assert client.anomalies == [
        {
            "id": found,
            "ticker": "B",
            "direction": "up",
            "at": 1772452800000,
            "price": "10.30",
            "reference": "10.00",
            "pct_change": "3.00",
        }
    ]


async def test_without_since_only_what_is_found_from_now_on_is_told(server: str) -> None:
    old = await find("A", "B")
    async with told(server) as client:
        assert client.welcomes[0]["since"] == old[-1]
        await client.until(*await find("C"))


async def test_the_welcome_says_what_to_come_back_with_before_anything_was_found(
    server: str,
) -> None:
    async with told(server) as client:
        since = client.since
    missed = await find("A", times=3)
    async with told(server, f"?since={since}") as client:
        await client.until(*missed)


@pytest.mark.parametrize("count", [100, 2000, TAIL_LENGTH + 345])
async def test_all_since_an_id_are_replayed_in_order_and_then_it_goes_on(
    server: str, count: int
) -> None:
    first, *found = await find("A", times=count + 1)
    async with told(server, f"?since={first}") as client:
        found += await find("B", times=2)
        await client.until(*found)
        await client.until(*found, *await find("C"))
        await client.hears_nothing()


async def test_one_ticker_alone_is_told_of_it_alone_and_in_any_spelling(server: str) -> None:
    await find("A", "B", "A", "C")
    async with told(server, "?ticker=%20a&since=0") as client, told(server, "?ticker=B") as other:
        live = await find("B", "A", "B")
        await client.until(*await off_loop(lambda: ids_of("A")))
        await other.until(live[0], live[2])
        await client.hears_nothing()


def ids_of(ticker: str) -> list[int]:
    rows = Anomaly.objects.filter(security__ticker=ticker).order_by("pk")
    return list(rows.values_list("pk", flat=True))


async def test_one_ticker_is_replayed_from_far_back_among_many_others(server: str) -> None:
    await find("A", "B", "B", times=TAIL_LENGTH // 2)
    async with told(server, "?ticker=A&since=0") as client:
        mine = await off_loop(lambda: ids_of("A"))
        await client.until(*mine)
        await client.until(*mine, *await find("A"))


async def test_a_security_that_is_no_longer_active_has_its_past(server: str) -> None:
    found = await find("A")
    await off_loop(lambda: set_active("A", active=False))
    async with told(server, "?ticker=A&since=0") as client:
        await client.until(*found)


async def test_a_thousand_at_once_reach_every_socket(server: str) -> None:
    async with told(server) as one, told(server) as another, told(server, "?ticker=B") as bs:
        found = await find("A", "B", times=750)
        for client in (one, another):
            await client.until(*found)
        await bs.until(*found[1::2])


# -- What is not told -------------------------------------------------------------------------


async def test_what_was_not_committed_is_never_told_and_leaves_no_gap(server: str) -> None:
    async with told(server) as client:
        before = await find("A")
        await client.until(*before)
        await off_loop(rolled_back)
        await client.hears_nothing()
        after = await find("B")
        assert after[0] > before[-1] + 1  # the numbers of the other are used up
        await client.until(*before, *after)


def rolled_back() -> None:
    """Another process' transaction: it says that it found something, and is then undone."""
    with transaction.atomic():
        commit("A", times=3)
        nudge()
        time.sleep(0.1)
        transaction.set_rollback(True)


# -- Faults -----------------------------------------------------------------------------------


async def test_where_no_word_arrives_it_is_found_within_seconds(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomalies_nudge, "_send", away)
    async with told(server) as client:
        found = await off_loop(lambda: commit("A"))
        await off_loop(nudge)  # does not fail
        async with asyncio.timeout(anomalies.LOOK_SECONDS + 1):
            await client.until(*found)


async def test_after_its_link_to_redis_broke_words_arrive_again(
    server: str, looks_seldom: None
) -> None:
    async with told(server) as client:
        await client.until(*await find("A"))
        known = client.ids
        missed = await off_loop(lambda: commit("B"))
        await cut_subscribers()
        await client.until(*known, *missed)  # the link is back, and so nothing may be missing
        await client.until(*known, *missed, *await find("C"))


async def test_what_fails_to_be_read_is_read_later(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomalies, "LOOK_SECONDS", 0.1)
    async with told(server) as client:
        with monkeypatch.context() as patched:
            asked = Mock(side_effect=away)
            patched.setattr(selectors, "_anomalies", asked)
            found = await find("A")
            while asked.call_count < 2:  # noqa: ASYNC110  nobody else is told
                await asyncio.sleep(0.01)
            await client.hears_nothing()
        await client.until(*found)


@pytest.fixture
def stalled(server: str) -> Iterator[Stalled]:
    made = Stalled(int(server.rpartition(":")[2]), "anomalies?since=0")
    yield made
    made.close()


def heard(client: Stalled) -> list[int]:
    """What came before it was cut."""
    ids: list[int] = []
    try:
        for frame in client.read(seconds=3):
            ids += [each["id"] for each in frame.get("anomalies", ())]
    except ConnectionError:
        pass
    return ids


async def test_who_does_not_read_is_cut_and_goes_on_from_there_without_a_gap_or_a_doubling(
    server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    before = closed(4102)
    monkeypatch.setattr(rounds, "STALLED_SECONDS", 0.5)
    found = await off_loop(lambda: commit("A", times=4000))
    client: Stalled = await asyncio.to_thread(request.getfixturevalue, "stalled")
    async with told(server, "?since=0") as neighbour:
        await neighbour.until(*found)
        async with asyncio.timeout(5):
            while closed(4102) == before:  # noqa: ASYNC110  nobody else is told
                await asyncio.sleep(0.01)
    came = await asyncio.to_thread(heard, client)
    assert came == found[: len(came)]
    assert 0 < len(came) < len(found) / 2  # the rest was not kept for it
    found += await find("B")
    async with told(server, f"?since={came[-1]}") as again:
        await again.until(*found[len(came) :])


async def test_who_reads_slowly_is_told_everything_all_the_same(
    server: str, request: pytest.FixtureRequest
) -> None:
    found = await off_loop(lambda: commit("A", times=4000))
    client: Stalled = await asyncio.to_thread(request.getfixturevalue, "stalled")
    await asyncio.sleep(0.5)
    live = await find("B")

    def read_all() -> list[int]:
        ids: list[int] = []
        for frame in client.read(seconds=8):
            ids += [each["id"] for each in frame.get("anomalies", ())]
            time.sleep(0.005)
            if ids and ids[-1] == live[-1]:
                break
        return ids

    assert await asyncio.to_thread(read_all) == found + live


# -- Several processes, and another life ------------------------------------------------------


async def test_who_comes_from_a_process_that_was_ahead_is_told_nothing_twice(
    server: str, another_server: str, looks_seldom: None
) -> None:
    async with told(server) as stays, told(another_server) as moves:
        found = await find("A")
        await stays.until(*found)
        await moves.until(*found)
        more = await off_loop(lambda: commit("B", times=2))  # nobody says so
        async with told(another_server, f"?since={more[0]}") as came:
            await came.until(more[1])
        async with told(server, f"?since={more[1]}") as came:
            await came.hears_nothing()
            last = await find("C")
            await came.until(*last)
        for client in (stays, moves):
            await client.until(*found, *more, *last)


async def test_an_id_that_was_never_given_out_counts_as_now(server: str) -> None:
    old = await find("A")
    async with told(server, "?since=99999999") as client:
        assert client.welcomes[0]["since"] == old[-1]
        await client.until(*await find("B"))


async def test_in_another_life_of_the_database_there_is_another_welcome_and_ids_may_come_again(
    server: str,
) -> None:
    async with told(server) as client:
        found = await find("A", times=3)
        await client.until(*found)
        await off_loop(lambda: restored(found[0]))
        layer = get_channel_layer()
        mark = FeedMark("a-new-epoch", 0, done=False)
        await layer.group_send_many([(FEED_GROUP, mark)])
        assert (await client.hear())["type"] == "welcome"
        assert client.welcomes[-1]["epoch"] == "a-new-epoch"
        assert client.welcomes[-1]["since"] == found[0]
        again = Told(client._connection)
        again.welcomes = client.welcomes[-1:]
        await again.until(*await find("B"))
        assert again.ids == [found[1]]


def restored(upto: int) -> None:
    """As from a backup: what came later is gone, and its numbers come again."""
    Anomaly.objects.filter(pk__gt=upto).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('pricefeed_anomaly_id_seq', %s)", [upto])
    assert Feed.objects.exists()
