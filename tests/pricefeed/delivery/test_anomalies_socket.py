"""`/ws/anomalies`, spoken to over the network: every anomaly, in order, each once."""

import asyncio
import json
import time
from unittest.mock import Mock

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction

from pricefeed.delivery import anomalies_reads
from pricefeed.delivery.anomalies_tail import TAIL_LENGTH
from pricefeed.delivery.groups import FEED_GROUP
from pricefeed.delivery.messages import FeedMark
from pricefeed.models import Anomaly, Feed
from tests.conftest import set_active
from tests.pricefeed.delivery.anomalies import Told, commit, find, nudge, refused, told
from tests.pricefeed.delivery.conftest import off_loop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("market")]

NUDGED_SECONDS = 20.0
"""Well below the time after which the reader looks by itself, in the tests of words that arrive."""


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


async def test_many_that_come_at_once_share_their_questions(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Mock(side_effect=anomalies_reads.securities_by_spelling)
    monkeypatch.setattr(anomalies_reads, "securities_by_spelling", asked)
    found = dict(zip("ABCD", await find(*"ABCD"), strict=True))

    async def comes(ticker: str) -> None:
        async with told(server, f"?ticker={ticker}&since=0") as client:
            await client.until(found[ticker])

    coming = "ABCD" * 15
    await asyncio.gather(*map(comes, coming))
    assert asked.call_count < len(coming) / 4


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
        async_to_sync(nudge)()
        time.sleep(0.1)
        transaction.set_rollback(True)


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
