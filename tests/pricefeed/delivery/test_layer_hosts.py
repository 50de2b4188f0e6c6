"""What several hosts do to the layer today; docs/scaling.md says the same."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from django.conf import settings

from pricefeed.delivery.layer import BatchedChannelLayer


@pytest.fixture
async def layer() -> AsyncIterator[BatchedChannelLayer]:
    """Two hosts; the same server stands for both, and each has connections of its own."""
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    made = BatchedChannelLayer(hosts=config["hosts"] * 2, prefix=f"{config['prefix']}hosts")
    yield made
    await made.flush()


async def test_plain_messages_are_spread_over_hosts_but_all_prices_leave_one(
    layer: BatchedChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: Counter[tuple[str, int]] = Counter()
    kind = ""

    def count(number: int) -> None:
        link = layer._get_layer()._shards[number]
        original = link.publish

        async def publish(channel: str, message: bytes) -> None:
            published[kind, number] += 1
            await original(channel, message)

        monkeypatch.setattr(link, "publish", publish)

    channel = await layer.new_channel()
    groups = [f"price.T{n}" for n in range(1200)]
    await layer.group_add_many(groups, channel)
    for number in range(2):
        count(number)

    kind = "batch"
    await layer.group_send_many([(group, {"type": "t"}) for group in groups])
    kind = "plain"
    for group in groups[:50]:
        await layer.group_send(group, {"type": "t"})

    hosts = {kind: {number for each, number in published if each == kind} for kind, _ in published}
    assert len(hosts["batch"]) == 1
    assert hosts["plain"] == {0, 1}
    received = 0
    async with asyncio.timeout(20):
        while received < len(groups) + 50:  # and nothing is lost by it
            received += len(await layer.receive_many(channel))
