import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from redis import asyncio as aioredis
from structlog.testing import capture_logs

from pricefeed.delivery import layer as layer_module
from pricefeed.delivery import messages, shard
from pricefeed.delivery.layer import BatchedChannelLayer
from tests.integration.network import Wire


@pytest.fixture
async def layer() -> AsyncIterator[BatchedChannelLayer]:
    made = get_channel_layer()
    yield made
    await made.flush()


async def soon(work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, 15)


async def test_a_batch_reaches_the_members_of_each_group_in_order(
    layer: BatchedChannelLayer,
) -> None:
    one, two = await layer.new_channel(), await layer.new_channel()
    await layer.group_add_many(["price.A", "price.B"], one)
    await layer.group_add("price.B", two)
    await layer.group_send_many(
        [(f"price.{name}", {"type": "t", "n": n}) for n, name in enumerate("ABCAB")]
    )
    assert [each["n"] for each in await soon(layer.receive_many(one))] == [0, 1, 3, 4]
    assert [each["n"] for each in await soon(layer.receive_many(two))] == [1, 4]


async def test_messages_for_groups_without_members_are_never_decoded(
    layer: BatchedChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Any] = []
    original = layer_module._unpack_message
    monkeypatch.setattr(
        layer_module, "_unpack_message", lambda raw: decoded.append(raw) or original(raw)
    )
    channel = await layer.new_channel()
    await layer.group_add("price.A", channel)
    await layer.group_send_many([(f"price.{n}", {"type": "t"}) for n in range(100)])
    await layer.group_send_many([("price.A", {"type": "t"})])
    await soon(layer.receive_many(channel))
    assert len(decoded) == 1


async def test_thousands_of_messages_take_a_few_publishes(
    layer: BatchedChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    link = layer._get_layer()._shards[0]
    original = link.publish

    async def publish(channel: str, message: bytes) -> None:
        published.append(channel)
        await original(channel, message)

    monkeypatch.setattr(link, "publish", publish)
    channel = await layer.new_channel()
    groups = [f"price.{n}" for n in range(5000)]
    await layer.group_add_many(groups, channel)
    await layer.group_send_many([(group, {"type": "t", "g": group}) for group in groups])
    got: list[str] = []
    while len(got) < len(groups):
        got += [each["g"] for each in await soon(layer.receive_many(channel))]
    assert got == groups
    assert len(published) == 10


async def test_plain_sends_and_receives_keep_working_beside_batches(
    layer: BatchedChannelLayer,
) -> None:
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    await layer.group_send("g", {"type": "plain"})
    await layer.group_send_many([("g", {"type": "a"}), ("g", {"type": "b"})])
    await layer.send(channel, {"type": "direct"})
    kinds = [(await soon(layer.receive(channel)))["type"] for _ in range(4)]
    assert sorted(kinds) == ["a", "b", "direct", "plain"]
    assert kinds.index("a") < kinds.index("b")


async def test_a_group_that_one_has_left_still_reaches_the_others(
    layer: BatchedChannelLayer,
) -> None:
    one, two = await layer.new_channel(), await layer.new_channel()
    for channel in (one, two):
        await layer.group_add_many(["g", "h"], channel)
    await layer.group_discard("g", one)
    await layer.group_send_many([("g", {"type": "first"}), ("h", {"type": "last"})])
    assert await soon(layer.receive_many(one)) == [{"type": "last"}]
    assert await soon(layer.receive_many(two)) == [{"type": "first"}, {"type": "last"}]


async def test_who_has_left_a_group_hears_nothing_more(layer: BatchedChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add_many(["g", "h"], channel)
    await layer.group_discard_many(["g", "never joined"], channel)
    await layer.group_send("g", {"type": "plain"})
    await layer.group_send_many([("g", {"type": "batched"}), ("h", {"type": "last"})])
    assert await soon(layer.receive_many(channel)) == [{"type": "last"}]


async def test_only_channels_of_this_process_can_join(layer: BatchedChannelLayer) -> None:
    with pytest.raises(RuntimeError, match="not a channel"):
        await layer.group_add("g", "somebody.else")


async def test_a_channel_may_be_read_as_types_and_leaves_out_what_is_none_of_them(
    layer: BatchedChannelLayer,
) -> None:
    one, two = await layer.new_channel(), await layer.new_channel()
    layer.read_as(one, messages.decode)
    for channel in (one, two):
        await layer.group_add("g", channel)
    mark = messages.FeedMark("e", 7, done=True)
    await layer.group_send_many(
        [("g", mark), ("g", {"type": "from a later version"}), ("g", {"type": "feed.mark"})]
    )
    await layer.group_send("g", {"type": "watchlist.edited", "user": 3})
    got: list[Any] = []
    while len(got) < 2:
        got += await soon(layer.receive_many(one))
    assert got == [mark, messages.WatchlistEdited(3)]
    first = (await soon(layer.receive_many(two)))[0]
    assert first == {"type": "feed.mark", "epoch": "e", "sequence": 7, "done": True}


async def test_it_reconnects_after_redis_cut_it_off_and_says_so(
    layer: BatchedChannelLayer,
) -> None:
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    back = asyncio.Event()
    layer.on_reconnect(back.set)
    async with aioredis.Redis.from_url(settings.REDIS_URL) as admin:
        before = await _subscribers(admin, layer)
        assert before == 1
        for client in await admin.client_list(_type="pubsub"):
            ours = client["name"] == "" and client["db"] == urlsplit(settings.REDIS_URL).path[1:]
            if ours and int(client["sub"]) == 3:  # channel, batch, group
                await admin.client_kill_filter(_id=client["id"])
    await soon(back.wait())
    for _ in range(50):
        await layer.group_send_many([("g", {"type": "after"})])
        if not layer._get_layer().channels[channel].empty():
            break
        await asyncio.sleep(0.05)
    assert (await soon(layer.receive_many(channel)))[0] == {"type": "after"}


async def test_what_a_stranger_publishes_makes_nobody_deaf(layer: BatchedChannelLayer) -> None:
    channel, typed = await layer.new_channel(), await layer.new_channel()
    layer.read_as(typed, messages.decode)
    await layer.group_add("g", channel)
    await layer.group_add("g", typed)
    link = layer._get_layer()
    async with aioredis.Redis.from_url(settings.REDIS_URL) as stranger:
        for name in (link.batch_channel, link._get_group_channel_name("g"), channel, typed):
            for rubbish in (b"", b"rubbish", b"\xc1", b"\x92\x91\xa1g\x90"):
                await stranger.publish(name, rubbish)
    await layer.group_send_many([("g", {"type": "after"})])
    while {"type": "after"} not in await soon(layer.receive_many(channel)):
        pass  # rubbish alone


async def test_an_error_that_nobody_foresaw_makes_nobody_deaf(
    layer: BatchedChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard, "_RETRY_SECONDS", 0.01)
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    back = asyncio.Event()
    layer.on_reconnect(back.set)
    link = layer._get_layer()
    hand_out, errors = link.hand_out, iter([RuntimeError("readline() called while …")])

    def fail_once(packed: bytes) -> None:
        for error in errors:
            raise error
        hand_out(packed)

    monkeypatch.setattr(link, "hand_out", fail_once)
    await layer.group_send_many([("g", {"type": "lost"})])
    await soon(back.wait())  # so whoever reads this channel asks what it missed
    await layer.group_send_many([("g", {"type": "after"})])
    assert (await soon(layer.receive_many(channel))) == [{"type": "after"}]


async def test_a_channel_that_could_not_be_subscribed_is_not_kept(
    layer: BatchedChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: str) -> None:
        raise ConnectionError("Redis is away")

    with monkeypatch.context() as patch:
        patch.setattr(layer._get_layer()._shards[0], "subscribe", away)
        with pytest.raises(ConnectionError):
            await layer.new_channel()
    assert layer._get_layer().channels == {}


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Between us and Redis."""
    address = urlsplit(settings.REDIS_URL)
    made = Wire(address.hostname or "", address.port or 6379)
    yield made
    made.close()


@pytest.fixture
async def hearing(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BatchedChannelLayer]:
    """A layer on the other end of it."""
    address = urlsplit(settings.REDIS_URL)
    through = address._replace(netloc=f":{address.password or ''}@127.0.0.1:{wire.port}")
    host = {"address": through.geturl(), "socket_timeout": 0.3, "socket_connect_timeout": 0.3}
    monkeypatch.setitem(settings.CHANNEL_LAYERS["default"]["CONFIG"], "hosts", [host])
    made = get_channel_layer()
    yield made
    await made.flush()


async def test_it_says_that_it_is_back_once_it_hears_again_and_no_sooner(
    wire: Wire, hearing: BatchedChannelLayer
) -> None:
    """What was edited between would be neither read nor heard of."""
    channel = await hearing.new_channel()
    await hearing.group_add("g", channel)
    back, held_when_back = asyncio.Event(), []

    def is_back() -> None:
        held_when_back.append(wire.holds_back)
        back.set()

    hearing.on_reconnect(is_back)
    wire.cut()
    wire.hold_back(b"SUBSCRIBE")
    wire.mend()
    async with asyncio.timeout(20):
        while not wire.holds_back:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # time to say it too soon
    wire.let_go()
    await asyncio.wait_for(back.wait(), 20)
    assert not any(held_when_back)
    await hearing.group_send_many([("g", {"type": "after"})])
    assert (await soon(hearing.receive_many(channel)))[-1] == {"type": "after"}


async def test_a_link_that_died_without_a_sign_is_noticed_and_replaced(
    wire: Wire, hearing: BatchedChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard, "_SILENT_SECONDS", 0.2)
    channel = await hearing.new_channel()
    await hearing.group_add("g", channel)
    back = asyncio.Event()
    hearing.on_reconnect(back.set)
    for _ in range(10):  # a machine that stands still makes every link look dead
        back.clear()
        await asyncio.sleep(0.5)
        if not back.is_set():
            break
    assert not back.is_set()  # nothing said, but answers to pings: the link lives
    with capture_logs() as logs:
        wire.fall_silent()
        async with asyncio.timeout(20):
            while not any(each["event"] == "channel_layer_lost_redis" for each in logs):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        wire.speak()
        await asyncio.wait_for(back.wait(), 20)
    await hearing.group_send_many([("g", {"type": "after"})])
    assert (await soon(hearing.receive_many(channel)))[-1] == {"type": "after"}


async def _subscribers(admin: "aioredis.Redis", layer: BatchedChannelLayer) -> int:
    name = layer._get_layer().batch_channel
    ((_, count),) = await admin.pubsub_numsub(name)
    return int(count)
