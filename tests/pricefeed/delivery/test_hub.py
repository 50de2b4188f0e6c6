"""The hub's promises, each on a real Redis and Postgres."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer

from accounts.models import User
from pricefeed.delivery import latest, running, turns
from pricefeed.delivery.anomalies import AnomalyOutlet
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.feeders import FeederOutlet
from pricefeed.delivery.follower import Follower
from pricefeed.delivery.groups import FEED_GROUP, price_group
from pricefeed.delivery.hub import Hub, HubStopped
from pricefeed.delivery.latest import LatestReader, Mark
from pricefeed.delivery.membership import Take
from pricefeed.delivery.messages import FeedMark
from pricefeed.delivery.protocol import Since
from pricefeed.delivery.reads import hub_reads
from pricefeed.models import Feed
from securities import events
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.redis_client import redis_client
from securities.services import security_create
from tests.conftest import set_active
from tests.pricefeed.conftest import redis_loses_quotes
from tests.pricefeed.delivery.client import Client, SignedIn
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


# -- Snapshot, then deltas --------------------------------------------------------------------


async def test_a_client_gets_welcome_and_a_snapshot_in_the_order_of_its_list(
    run: Run, join: Join, hub: Hub, watching: User
) -> None:
    await run({"A": "10", "B": "20", "C": "30"})
    await heard(hub, 3)
    client = await join(user_id=watching.pk)
    assert client.kinds() == ["welcome", "snapshot"]
    snapshot = client.frames[1]
    assert [quote["ticker"] for quote in snapshot["quotes"]] == ["B", "A"]
    assert snapshot["sequence"] == 3


async def test_a_run_is_one_frame_with_the_watched_changes_alone(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20", "C": "30"})
    client = await join(user_id=watching.pk)
    await run({"A": "11", "C": "31"})
    await run({"C": "32"})
    await run({"A": "12", "B": "21"})
    await client.until_prices(A="12.00", B="21.00")
    sent = [[q["ticker"] for q in f["quotes"]] for f in client.frames if f["type"] == "prices"]
    assert sent == [["A"], ["B", "A"]]


async def test_a_delta_leaves_out_what_the_client_knows(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    client, whole = await join(user_id=watching.pk), await join(user_id=watching.pk, full=True)
    await run({"A": "11"})
    await client.until_prices(A="11.00")
    await whole.until_prices(A="11.00")
    assert set(client.frames[-1]["quotes"][0]) == {
        "ticker", "price", "abs_change", "pct_change", "updated_at", "sequence",
    }  # fmt: skip
    assert whole.frames[-1]["quotes"][0]["name"] == "A Inc."


async def test_the_first_price_of_a_security_comes_with_its_previous_close(
    run: Run, join: Join, watching: User
) -> None:
    client = await join(user_id=watching.pk)
    assert client.prices == {"B": None, "A": None}
    await run({"A": "10"})
    await client.until_prices(A="10.00")
    assert client.quotes["A"]["previous_close"] == "10.00"


async def test_snapshot_and_later_frames_equal_a_fresh_snapshot(
    run: Run, join: Join, watching: User
) -> None:
    early = await join(user_id=watching.pk)
    for step in range(5):
        await run({"A": f"1{step}", "B": f"2{step}", "C": f"3{step}"})
        if step == 2:
            await edit(watchlist_add_security, watching, "C")
            await edit(watchlist_remove_security, watching, "B")
    await early.until(lambda: early.prices == {"A": "14.00", "C": "34.00"})
    late = await join(user_id=watching.pk)
    assert early.quotes == late.quotes


async def test_clients_without_a_list_get_the_tickers_they_asked_for_or_all(
    run: Run, join: Join
) -> None:
    await run({"A": "10", "B": "20"})
    some, everything = await join(asked=("B", "D")), await join()
    assert some.prices == {"B": "20.00", "D": None}
    assert list(everything.prices) == ["A", "B", "C", "D"]


# -- Slow clients -----------------------------------------------------------------------------


async def test_a_stalled_client_gets_the_newest_of_each_ticker_and_delays_nobody(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    slow, quick = await join(user_id=watching.pk), await join(user_id=watching.pk)
    slow.stall()
    for step in range(1, 9):
        await run({"A": f"1{step}"} | ({"B": "25"} if step == 4 else {}))
        await quick.until_prices(A=f"1{step}.00")
    slow.read_on()
    await slow.until_prices(A="18.00", B="25.00")
    # One frame was waiting in the server; everything after it is one frame more.
    assert slow.kinds() == ["welcome", "snapshot", "prices", "prices"]
    assert slow.quotes == quick.quotes


async def test_a_client_that_stalled_through_edits_learns_of_them_once(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20", "C": "30"})
    slow, quick = await join(user_id=watching.pk), await join(user_id=watching.pk)
    slow.stall()
    await run({"A": "11"})
    await edit(watchlist_add_security, watching, "C")
    await edit(watchlist_remove_security, watching, "B")
    await quick.until(lambda: set(quick.prices) == {"A", "C"})
    await run({"A": "12", "C": "31"})
    await quick.until_prices(A="12.00", C="31.00")
    slow.read_on()
    await slow.until_prices(A="12.00", C="31.00")
    assert slow.kinds().count("watchlist") == 1
    assert slow.quotes == quick.quotes


async def test_a_client_that_left_is_forgotten_with_its_groups(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(user_id=watching.pk)
    layer = get_channel_layer()._get_layer()
    ours = {layer._get_group_channel_name(price_group(ticker)) for ticker in "AB"}
    assert ours <= layer.groups.keys()
    hub.remove(client.connection)
    assert not hub._connections
    await hub._membership.leave_unwatched()
    assert not ours & layer.groups.keys()
    await run({"A": "10"})  # nobody listens; nothing breaks
    again = await join(user_id=watching.pk)
    assert again.prices == {"B": None, "A": "10.00"}


async def test_a_client_that_is_full_after_its_welcome_gets_the_newest_snapshot_later(
    run: Run, hub: Hub, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    slow = Client()
    slow.stall()
    await slow.join(hub, user_id=watching.pk)
    await run({"A": "11"})
    await heard(hub, 3)
    slow.read_on()
    await slow.until_prices(A="11.00", B="20.00")
    assert slow.kinds() == ["welcome", "snapshot", "prices"]


# -- Edits ------------------------------------------------------------------------------------


async def test_every_tab_of_a_user_follows_an_edit_and_others_do_not(
    run: Run, join: Join, watching: User, bob: User
) -> None:
    await run({"A": "10", "B": "20", "C": "30"})
    tabs = [await join(user_id=watching.pk) for _ in range(2)]
    other = await join(user_id=bob.pk)
    await edit(watchlist_add_security, watching, "C")
    for tab in tabs:
        await tab.until_prices(C="30.00")
        assert tab.frames[-1]["added"][0]["name"] == "C Inc."
    await edit(watchlist_remove_security, watching, "A")
    for tab in tabs:
        await tab.until(lambda tab=tab: "A" not in tab.prices)
        assert (tab.frames[-1]["added"], tab.frames[-1]["removed"]) == ([], ["A"])
    assert other.kinds() == ["welcome", "snapshot"]


async def test_a_change_of_order_is_followed_too(run: Run, join: Join, watching: User) -> None:
    tab = await join(user_id=watching.pk)
    assert list(tab.quotes) == ["B", "A"]
    await off_loop(lambda: watchlist_add_security(user_id=watching.pk, ticker="A", position=0))
    await tab.until(lambda: list(tab.quotes) == ["A", "B"])
    assert (tab.frames[-1]["added"], tab.frames[-1]["removed"]) == ([], [])
    late = await join(user_id=watching.pk)
    assert list(late.quotes) == list(tab.quotes)


async def test_a_ticker_added_while_its_price_moves_shows_the_newest(
    run: Run, join: Join, watching: User
) -> None:
    client = await join(user_id=watching.pk)
    for step in range(10):
        adding = edit(watchlist_add_security, watching, "C")
        await asyncio.gather(run({"C": f"1{step}", "A": f"2{step}"}), adding)
        await client.until_prices(C=f"1{step}.00", A=f"2{step}.00")
        await edit(watchlist_remove_security, watching, "C")
        await client.until(lambda: "C" not in client.prices)


async def test_deactivating_a_security_tells_its_watchers_and_activating_brings_it_back(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    client, single = await join(user_id=watching.pk), await join(asked=("A",))
    several = await join(asked=("A", "B"))
    await off_loop(lambda: set_active("A", active=False))
    await client.until(lambda: "A" not in client.prices)
    await several.until(lambda: "A" not in several.prices)
    error = next(frame for frame in client.frames if frame["type"] == "error")
    assert (error["code"], error["ticker"]) == ("security_inactive", "A")
    assert single.close_code == 4004
    await run({"A": "11", "B": "21"})
    await client.until_prices(B="21.00")
    await off_loop(lambda: set_active("A", active=True))
    await client.until_prices(A="10.00", B="21.00")
    await several.until_prices(A="10.00")


async def test_a_renamed_security_shows_its_new_name_with_the_next_run(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)

    await off_loop(lambda: rename("A", "Another Name", currency="EUR"))
    await run({"B": "21"})
    await client.until_prices(B="21.00")
    assert (client.quotes["A"]["name"], client.quotes["A"]["currency"]) == ("Another Name", "EUR")
    assert client.quotes == (await join(user_id=watching.pk)).quotes


@pytest.fixture(params=["edits are read at once", "edits are read late"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices do not wait for the lists that follow an edit."""
    if request.param == "edits are read late":
        for name in ("_follow_fixed", "_follow_users"):
            follow = getattr(Follower, name)

            async def late(self: Follower, *args: Any, follow: Any = follow) -> None:
                await asyncio.sleep(0.3)
                await follow(self, *args)

            monkeypatch.setattr(Follower, name, late)


async def test_a_ticker_that_passes_to_another_security_shows_that_one(
    run: Run, join: Join, watching: User, reading: None
) -> None:
    """Although its price is older than the one that was there: their sequences do not compare."""
    await run({"B": "20"})
    await run({"A": "10"})
    by_list, by_tickers = await join(user_id=watching.pk), await join(asked=("A", "B", "C"))
    stalled = await join(asked=("A", "C"))
    stalled.stall()

    await off_loop(lambda: pass_on("A", "AX"))
    await off_loop(lambda: pass_on("B", "A"))
    await run({"C": "30"})
    expected = ("B Inc.", "20.00")
    for client in (by_list, by_tickers):
        await client.until(
            lambda client=client: (
                (client.quotes["A"]["name"], client.quotes["A"]["price"]) == expected
            )
        )
    await run({"C": "31"})
    await by_tickers.until_prices(C="31.00")
    assert by_tickers.quotes == (await join(asked=("A", "C"))).quotes
    await by_list.until(lambda: by_list.quotes.keys() == {"A", "AX"})
    assert by_list.quotes == (await join(user_id=watching.pk)).quotes
    stalled.read_on()
    await stalled.until_prices(A="20.00")


@pytest.mark.parametrize("was_active", [True, False])
@pytest.mark.parametrize("runs_between", [0, 1])
async def test_a_ticker_that_passes_to_a_security_without_a_price_has_none(
    run: Run, join: Join, runs_between: int, was_active: bool, reading: None
) -> None:
    await run({"A": "10"})
    client = await join(asked=("A", "B"))

    if not was_active:
        await off_loop(lambda: set_active("A", active=False))
        await run({"B": "19"})
    await off_loop(lambda: pass_on("A", "AX"))
    for _ in range(runs_between):
        await run({"B": "20"})
    await off_loop(lambda: security_create(entry=CatalogueEntry("A", "New", "NASDAQ", "USD")))
    await run({"B": "21"})
    await client.until(lambda: client.prices == {"A": None, "B": "21.00"})
    assert client.quotes["A"]["name"] == "New"


async def test_who_asked_for_a_ticker_alone_is_shown_the_security_that_gets_it(
    run: Run, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10"})
    client = await join(asked=("A",))
    may_follow, follow = asyncio.Event(), Follower._follow_fixed

    async def late(self: Follower) -> None:
        await may_follow.wait()
        await follow(self)

    monkeypatch.setattr(Follower, "_follow_fixed", late)
    await off_loop(lambda: pass_on("A", "AX"))
    await run({"B": "20"})
    await client.until(lambda: client.quotes == {})
    await off_loop(lambda: security_create(entry=CatalogueEntry("A", "New", "NASDAQ", "USD")))
    await run({"A": "21"})
    await client.until_prices(A="21.00")
    await run({"A": "22"})
    await client.until_prices(A="22.00")
    may_follow.set()
    assert client.quotes["A"]["name"] == "New"
    assert client.kinds() == ["welcome", "snapshot"] * 3 + ["prices"]
    assert client.close_code is None


async def test_a_security_that_is_gone_takes_its_quote_along(run: Run, join: Join) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(asked=("A", "B"))
    await off_loop(lambda: Security.objects.get(ticker="A").delete())
    await off_loop(events.announce_change)
    await run({"B": "21"})
    await client.until(lambda: client.prices == {"B": "21.00"})


async def test_an_edit_that_nobody_announced_is_found_when_the_link_is_back(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"B": "20"})
    await heard(hub, 1)  # and so all earlier edits
    client = await join(user_id=watching.pk)
    with monkeypatch.context() as patch:
        patch.setattr("watchlists.events.send_to_group", lambda *_: None)
        await edit(watchlist_add_security, watching, "C")
    await run({"A": "10"})
    await client.until_prices(A="10.00")
    assert "C" not in client.prices
    await lose_link(client)
    await client.until(lambda: "C" in client.prices)


# -- Coming back ------------------------------------------------------------------------------


async def test_who_resumes_gets_newer_quotes_alone(
    run: Run, join: Join, watching: User, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    first = await join(user_id=watching.pk)
    hub.remove(first.connection)
    await run({"A": "11"})
    await heard(hub, 3)
    back = Client(known=first)
    await back.join(hub, user_id=watching.pk, since=first.since)
    assert [quote["ticker"] for quote in back.frames[1]["quotes"]] == ["A"]
    assert back.prices == {"A": "11.00", "B": "20.00"}
    again = Client(known=back)
    await again.join(hub, user_id=watching.pk, since=back.since)
    assert again.frames[1]["quotes"] == []
    assert again.frames[1]["tickers"] == ["B", "A"]
    assert again.quotes == back.quotes


@pytest.mark.parametrize("is_removed", [True, False])
async def test_who_comes_back_to_an_edited_list_gets_it_whole(
    run: Run, join: Join, watching: User, hub: Hub, is_removed: bool
) -> None:
    await run({"A": "10", "B": "20", "C": "30"})
    await heard(hub, 3)
    first = await join(user_id=watching.pk)
    hub.remove(first.connection)
    if is_removed:
        await edit(watchlist_remove_security, watching, "B")
    await edit(watchlist_add_security, watching, "C")
    back = Client(known=first)
    await back.join(hub, user_id=watching.pk, since=first.since)
    left = {} if is_removed else {"B": "20.00"}
    await back.until(lambda: back.prices == left | {"A": "10.00", "C": "30.00"})


async def test_a_ticker_that_left_live_and_came_back_unseen_comes_whole(
    run: Run, join: Join, watching: User, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    first = await join(user_id=watching.pk)
    await edit(watchlist_remove_security, watching, "A")
    await first.until(lambda: "A" not in first.prices)
    hub.remove(first.connection)
    await edit(watchlist_add_security, watching, "A")
    back = Client(known=first)
    await back.join(hub, user_id=watching.pk, since=first.since)
    await back.until(lambda: back.prices == {"A": "10.00", "B": "20.00"})


async def test_who_followed_an_edit_live_resumes_after_it(
    run: Run, join: Join, watching: User, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    first = await join(user_id=watching.pk)
    await edit(watchlist_remove_security, watching, "A")
    await first.until(lambda: "A" not in first.prices)
    hub.remove(first.connection)
    back = Client(known=first)
    await back.join(hub, user_id=watching.pk, since=first.since)
    assert (back.frames[1]["quotes"], back.prices) == ([], {"B": "20.00"})


async def test_a_new_name_reaches_who_was_away_meanwhile(
    run: Run, join: Join, watching: User, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    await heard(hub, 2)
    first = await join(user_id=watching.pk)
    hub.remove(first.connection)
    await off_loop(lambda: rename("A", "Another Name"))
    await run({"B": "21"})
    await heard(hub, 3)
    back = Client(known=first)
    await back.join(hub, user_id=watching.pk, since=first.since)
    assert back.quotes["A"]["name"] == "Another Name"


async def test_who_comes_from_another_epoch_gets_a_whole_snapshot(
    run: Run, join: Join, watching: User, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    stranger = Client()
    stranger.epoch, stranger.sequence = "another-life", 10_000
    await stranger.join(hub, user_id=watching.pk, since=stranger.since)
    assert stranger.prices == {"B": "20.00", "A": "10.00"}


async def test_who_claims_to_know_the_future_gets_a_whole_snapshot(
    run: Run, join: Join, watching: User, hub: Hub
) -> None:
    await run({"A": "10", "B": "20"})
    first = await join(user_id=watching.pk)
    back = Client()
    await back.join(hub, user_id=watching.pk, since=Since(first.epoch, 10**15))
    assert back.prices == {"B": "20.00", "A": "10.00"}


async def test_another_epoch_starts_everybody_over(run: Run, join: Join, watching: User) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    old = client.epoch

    await off_loop(restored_from_backup)
    await run({"A": "5"})
    await client.until(lambda: client.prices == {"B": None, "A": "5.00"})
    assert client.epoch != old
    assert client.quotes["A"]["sequence"] == 1
    await run({"A": "6"})
    await client.until_prices(A="6.00")


async def test_another_epoch_is_noticed_by_its_end_where_its_beginning_was_lost(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for price in ("10", "11", "12"):
        await run({"A": price, "B": price})
    client = await join(user_id=watching.pk)
    old = client.epoch

    await off_loop(restored_from_backup)
    layer = get_channel_layer()._get_layer()
    with monkeypatch.context() as patch:
        patch.setattr(layer, "hand_out", lambda _: None)
        await run({"A": "5"})
        await asyncio.sleep(0.05)
    done = {"type": "feed.mark", "epoch": str(await off_loop(lambda: Feed.objects.get().epoch))}
    await get_channel_layer().group_send_many([(FEED_GROUP, {**done, "sequence": 1, "done": True})])
    await client.until(lambda: client.prices == {"B": None, "A": "5.00"})
    assert client.epoch != old
    assert hub._teller.mark.sequence == 1


# -- Faults -----------------------------------------------------------------------------------


async def lose_link(client: Client) -> None:
    """Redis drops this process's subscriptions; the layer finds its way back by itself."""
    shard = get_channel_layer()._get_layer()._shards[0]
    await shard._pubsub.connection.disconnect()


async def test_prices_lost_with_the_link_come_when_it_is_back(
    run: Run, join: Join, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    layer = get_channel_layer()._get_layer()
    with monkeypatch.context() as patch:
        patch.setattr(layer, "hand_out", lambda _: None)
        await run({"A": "11"})
        await asyncio.sleep(0.05)
    assert client.prices["A"] == "10.00"
    await lose_link(client)
    await client.until_prices(A="11.00")


async def test_a_lost_publish_is_noticed_by_the_next_and_read_from_redis(
    run: Run, join: Join, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    layer = get_channel_layer()._get_layer()
    with monkeypatch.context() as patch:
        patch.setattr(layer, "hand_out", lambda _: None)
        await run({"A": "11"})
        await asyncio.sleep(0.05)
    await run({"B": "21"})
    await client.until_prices(A="11.00", B="21.00")


async def test_an_old_or_repeated_message_does_not_turn_prices_back(
    run: Run, join: Join, watching: User, quote: Callable[..., Any]
) -> None:
    await run({"A": "10", "B": "20"})
    await run({"A": "11"})
    client = await join(user_id=watching.pk)
    old = quote("A", 2, price="1.00")
    layer = get_channel_layer()
    body = [old.ticker, old.sequence, old.delta, old.identity]
    await layer.group_send_many([(price_group("A"), {"type": "price.changed", "quote": body})])
    await run({"B": "21"})
    await client.until_prices(B="21.00")
    assert client.prices["A"] == "11.00"


async def test_a_tick_whose_end_never_comes_is_sent_all_the_same(
    run: Run, join: Join, watching: User, quote: Callable[..., Any]
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    new = quote("A", 3, price="12.00")
    body = [new.ticker, new.sequence, new.delta, new.identity]
    await get_channel_layer().group_send_many(
        [(price_group("A"), {"type": "price.changed", "quote": body})]
    )
    await client.until_prices(A="12.00")
    assert client.frames[-1]["sequence"] == 2  # the mark has not moved: 3 may not be all


async def test_a_redis_without_quotes_is_filled_from_postgres(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    await off_loop(redis_loses_quotes)
    client = await join(user_id=watching.pk)
    assert client.prices == {"B": "20.00", "A": "10.00"}
    quotes, _ = await LatestReader().read(["A", "B"])
    assert len(quotes) == 2


async def test_a_new_hub_says_of_a_silent_feed_what_the_old_one_said(run: Run) -> None:
    """Whoever comes back after a restart is not told that old prices were live."""
    await run({"A": "10"}, delayed_since=1_770_033_600_000)
    await run({"A": "11"})  # by who has asked no source
    heard = time.time() - 600
    redis_client().set(latest._HEARD, heard)
    layer = get_channel_layer()
    hub = Hub(layer=layer, latest=LatestReader(), reads=hub_reads(), stale_seconds=60)
    await hub.start()
    try:
        client = Client()
        await client.join(hub, asked=("A",))
        assert client.kinds() == ["welcome", "snapshot", "heartbeat"]
        assert client.frames[-1]["stale_since"] == int(heard * 1000)
        assert client.frames[-1]["delayed_since"] == 1_770_033_600_000
        await run({"A": "12"}, delayed_since=None)
        await client.until(lambda: client.frames[-1].get("stale_since", 0) is None)
        assert client.frames[-1]["delayed_since"] is None
    finally:
        await hub.stop()
        await layer.flush()


async def test_a_feed_that_falls_silent_is_called_stale_and_then_live_again(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ROUND_SECONDS", 0.02)
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    await client.until_prices(A="10.00")
    hub._rounds._stale_seconds = 0.05
    await client.until(lambda: client.frames[-1].get("stale_since") is not None)
    assert client.frames[-1]["stale_since"] <= time.time() * 1000
    newcomer = await join(user_id=watching.pk)
    assert newcomer.frames[-1]["stale_since"] == client.frames[-1]["stale_since"]
    hub._rounds._stale_seconds = 60.0
    await run({"A": "11"})
    await client.until(lambda: client.frames[-1].get("stale_since", 0) is None)
    told = [frame["sequence"] for frame in client.frames if "sequence" in frame]
    assert told == sorted(told)


async def test_a_source_in_trouble_is_told_to_all_at_once_and_to_newcomers_until_it_is_over(
    run: Run, join: Join, watching: User
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    await client.until_prices(A="10.00")
    await run({"A": "11"}, delayed_since=1_770_033_600_000)
    await client.until(lambda: client.kinds()[-1] == "heartbeat")
    assert client.frames[-1]["delayed_since"] == 1_770_033_600_000
    assert client.frames[-1]["stale_since"] is None
    newcomer = await join(user_id=watching.pk)
    assert newcomer.frames[-1]["delayed_since"] == 1_770_033_600_000
    await run({"A": "12"}, delayed_since=1_770_033_600_000)
    await client.until_prices(A="12.00")
    assert client.kinds().count("heartbeat") == 1  # it is no news
    await run({"A": "13"})  # pushed: nobody has asked the source
    await client.until_prices(A="13.00")
    assert client.kinds().count("heartbeat") == 1
    await run({"A": "14"}, delayed_since=None)
    await client.until(lambda: client.frames[-1].get("delayed_since", 0) is None)


async def test_an_expired_token_ends_the_connection_with_its_own_code(
    join: Join, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(user_id=watching.pk, expires_at=time.time() + 0.5)
    other = await join(user_id=watching.pk, expires_at=time.time() + 60)
    async with asyncio.timeout(0.5 + 5):
        await client.until(lambda: client.close_code == 4101)
    assert other.close_code is None


async def test_stopping_says_going_away_to_everybody_also_to_the_stalled(
    run: Run, join: Join, hub: Hub, watching: User
) -> None:
    clients = [await join(user_id=watching.pk) for _ in range(3)]
    clients[0].stall()
    await run({"A": "10"})
    await hub.stop()
    assert [client.close_code for client in clients] == [4100] * 3


async def test_marks_travel_through_the_feed_group(run: Run, join: Join, watching: User) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(FEED_GROUP, channel)
    await run({"A": "10"})
    async with asyncio.timeout(20):
        seen = [await layer.receive(channel) for _ in range(2)]
    assert [(each["sequence"], each["done"]) for each in seen] == [(0, False), (1, True)]


async def test_a_hub_that_could_not_start_leaves_nothing_behind(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> None:
        raise ConnectionError("Redis is away")

    layer = get_channel_layer()
    with monkeypatch.context() as patch:
        patch.setattr(LatestReader, "mark", away)
        broken = Hub(layer=layer, latest=LatestReader(), reads=hub_reads(), stale_seconds=60)
        with pytest.raises(ConnectionError):
            await broken.start()
    assert (layer._get_layer().channels, layer._get_layer().groups) == ({}, {})
    await layer.flush()


async def test_a_hub_with_an_error_that_nobody_foresaw_sends_everybody_to_another(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(user_id=watching.pk)
    monkeypatch.setattr(hub._board, "put", lambda _: 1 / 0)
    await run({"A": "10"})
    async with asyncio.timeout(20):
        while client.close_code is None:  # noqa: ASYNC110  the client tells nobody
            await asyncio.sleep(0.005)
    assert client.close_code == 4100
    assert hub.has_failed


@pytest.fixture
def quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before there is a hub, for whose sockets everything would be due at once."""
    monkeypatch.setattr(turns, "ROUND_SECONDS", 0.2)


async def test_the_first_regular_heartbeat_comes_when_a_period_has_passed(
    quick_rounds: None, hub: Hub, join: Join, watching: User
) -> None:
    client = await join(user_id=watching.pk)
    await asyncio.sleep(2)  # of some 4.4
    assert client.kinds() == ["welcome", "snapshot"]
    async with asyncio.timeout(20):
        while len(client.frames) < 3:  # noqa: ASYNC110  the client tells nobody
            await asyncio.sleep(0.05)
    assert client.kinds() == ["welcome", "snapshot", "heartbeat"]


async def test_a_heartbeat_that_is_soon_due_goes_along_with_prices_and_is_not_sent_again(
    run: Run, join: Join, watching: User
) -> None:
    client, other = await join(user_id=watching.pk), await join(asked=("B",))
    for each in (client, other):
        each.connection.heartbeat_by = turns.round_now() + turns.EARLY_ROUNDS
    await run({"A": "10"})
    await client.until(lambda: client.kinds()[-1] == "heartbeat")
    assert client.kinds() == ["welcome", "snapshot", "prices", "heartbeat"]
    assert client.frames[-1]["sequence"] == client.frames[-2]["sequence"] == 1
    assert client.connection.heartbeat_by > turns.round_now() + turns.EARLY_ROUNDS
    assert other.kinds() == ["welcome", "snapshot"]  # nothing went that it could go along with
    await run({"A": "11"})
    await client.until_prices(A="11.00")
    assert client.kinds()[4:] == ["prices"]


@pytest.mark.parametrize("trouble", ["stale_since", "delayed_since"])
async def test_no_heartbeat_that_complains_goes_along_with_prices(
    trouble: str, run: Run, join: Join, hub: Hub, watching: User
) -> None:
    """It would speak of trouble that is over, now that the prices are there."""
    client = await join(user_id=watching.pk)
    setattr(hub._teller, trouble, 1_770_033_600_000)
    client.connection.heartbeat_by = turns.round_now() + turns.EARLY_ROUNDS
    await run({"A": "10"}, delayed_since=None)
    await client.until(lambda: client.kinds()[-1] == "heartbeat")
    assert client.kinds() == ["welcome", "snapshot", "prices", "heartbeat"]
    assert client.frames[-1][trouble] is None


async def test_who_could_not_be_told_that_the_feed_is_silent_is_told_when_it_reads_again(
    quick_rounds: None, run: Run, join: Join, hub: Hub, watching: User
) -> None:
    await run({"A": "10"})
    client, other = await join(user_id=watching.pk), await join(user_id=watching.pk)
    client.stall()
    await run({"A": "11"})
    await other.until_prices(A="11.00")
    assert client.connection.blocked
    client.connection.heartbeat_by += turns.HEARTBEAT_ROUNDS
    hub._rounds._stale_seconds = 0.05
    await other.until(lambda: other.frames[-1].get("stale_since") is not None)
    client.read_on()
    async with asyncio.timeout(4):  # of some 9 until the regular one
        await client.until(lambda: client.kinds()[-1] == "heartbeat")
    assert client.frames[-1]["stale_since"] is not None


def said(hub: Hub) -> int:
    """The sequence that a heartbeat would name now."""
    sequence: int = json.loads(hub._teller.heartbeat())["sequence"]
    return sequence


async def test_while_another_epoch_is_read_all_goes_on_as_in_the_old_one(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10", "B": "20"})
    client = await join(user_id=watching.pk)
    await heard(hub, 2)
    reading, read = asyncio.Event(), asyncio.Event()
    at_once = hub._membership._read

    async def slowly(tickers: Any) -> Any:
        reading.set()
        await read.wait()
        return await at_once(tickers)

    monkeypatch.setattr(hub._membership, "_read", slowly)
    layer = get_channel_layer()
    await layer.group_send_many([(FEED_GROUP, FeedMark("another", 0, done=False))])
    async with asyncio.timeout(20):
        await reading.wait()
    assert said(hub) == 2
    newcomer = await join(user_id=watching.pk)
    assert newcomer.since == Since(client.epoch, 2)
    assert newcomer.prices == {"B": "20.00", "A": "10.00"}
    read.set()
    await client.until(lambda: client.kinds()[-2:] == ["welcome", "snapshot"])
    await newcomer.until(lambda: newcomer.epoch.startswith("another."))
    assert said(hub) == 0


async def test_what_was_read_again_counts_as_sent_when_it_has_been(
    run: Run, join: Join, hub: Hub, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run({"A": "10"})
    await join(user_id=watching.pk)
    await heard(hub, 1)
    epoch = hub._teller.mark.epoch
    asked = asyncio.Event()

    async def ahead(*, take: Take) -> None:
        asked.set()
        await take([], Mark(epoch, 5))

    monkeypatch.setattr(hub._membership, "read_again", ahead)
    layer = get_channel_layer()
    await layer.group_send_many([(FEED_GROUP, FeedMark(epoch, 5, done=False))])
    async with asyncio.timeout(20):
        await asked.wait()
    await asyncio.sleep(0.1)
    assert said(hub) == 1
    hub._reconnected()  # that reads again, and sends it
    await heard(hub, 5)


async def test_a_socket_is_pinged_in_its_turn_however_many_prices_it_gets(
    quick_rounds: None, run: Run, join: Join, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(user_id=watching.pk)
    pings: list[dict[str, Any]] = []
    monkeypatch.setattr(Connection, "ask", lambda _, text: pings.append(json.loads(text)))
    client.connection.ping_at = turns.round_now() + 5
    for price in range(10, 25):
        client.connection.heartbeat_by = turns.round_now() + turns.EARLY_ROUNDS
        await run({"A": str(price)})
        await client.until_prices(A=f"{price}.00")
        await asyncio.sleep(0.1)
    async with asyncio.timeout(20):
        while not pings:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.05)
    assert [ping["type"] for ping in pings] == ["heartbeat"]
    assert client.kinds().count("heartbeat") >= 14  # one may have come with the ping


async def test_who_was_about_to_join_a_hub_that_fails_is_not_left_with_it(
    hub: Hub, join: Join, watching: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its list is being read; afterwards nobody would send it a price."""
    reading, read = asyncio.Event(), asyncio.Event()

    async def slowly(user_id: int) -> tuple[str, ...]:
        reading.set()
        await read.wait()
        return ("A",)

    monkeypatch.setattr(hub._lists, "get", slowly)
    joining = asyncio.ensure_future(join(user_id=watching.pk))
    await reading.wait()
    hub._fail()
    await hub._stopping
    read.set()
    with pytest.raises(HubStopped):
        await joining


async def test_nor_is_who_wants_its_anomalies(hub: Hub) -> None:
    async def send(_: object) -> None: ...

    outlet = AnomalyOutlet(send, security_id=None, on_free=lambda _: None)
    hub._fail()
    await hub._stopping
    with pytest.raises(HubStopped):
        await hub.add_anomalies(outlet, None)


async def test_nor_is_a_feeder(hub: Hub) -> None:
    async def send(_: object) -> None: ...

    outlet = FeederOutlet(send, identity=SignedIn(1))
    await hub.feeders.add(outlet)
    hub._fail()
    await hub._stopping
    with pytest.raises(HubStopped):
        hub.welcome_feeder(outlet)


async def test_a_hub_that_failed_is_followed_by_another(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await running.running_hub()
    assert await running.running_hub() is first
    first._fail()
    second = await running.running_hub()
    assert second is not first
    assert not second.has_failed
    await first._stopping
    await running.leave(until=time.monotonic, are_left=lambda: False)
    await get_channel_layer().flush()
