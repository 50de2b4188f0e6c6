"""The peer's feed: one `group_send` for each ticker and tick, nothing recorded anywhere."""

import asyncio
import os
import time
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from bench.fanout.plan import Guest, Opening, Plan
from bench.process import Pipe

PREFIX = "plain"


def group_of(ticker: str) -> str:
    return f"price.{ticker}"


def feed(pipe: Pipe, plan: Plan) -> None:
    """As `bench.fanout.feed.feed`, for plain Channels."""
    asyncio.run(_feed(pipe, plan))


async def _feed(pipe: Pipe, plan: Plan) -> None:
    layer: Any = RedisPubSubChannelLayer(hosts=[os.environ["REDIS_URL"]], prefix=PREFIX)
    guests = [Guest(f"/?tickers={','.join(each)}", None, each) for each in plan.lists()]
    pipe.send(Opening(guests, {}))
    sequence = 0
    while True:
        pipe.recv()
        newest = {}
        for ticker in plan.universe():
            sequence += 1
            quote = _quote(ticker, sequence)
            newest[ticker] = (sequence, quote["price"])
            await layer.group_send(group_of(ticker), {"type": "price.changed", "quote": quote})
        pipe.send(newest)


def _quote(ticker: str, sequence: int) -> dict[str, Any]:
    return {
        "ticker": ticker,
        "price": f"{187 + sequence % 100 / 100:.2f}",
        "abs_change": "4.50",
        "pct_change": "2.46",
        "updated_at": int(time.time() * 1000),
        "sequence": sequence,
    }
