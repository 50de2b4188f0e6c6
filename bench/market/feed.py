"""Our feed, in a process of its own: fills the database, then updates prices when told.

A tick is what the scheduled job does: fetch, record in Postgres, publish through
Redis. Only the source is the benchmark's: it moves every price.
"""

from typing import Any

import django

from bench.market.plan import COMMIT, NEWEST, Address, Plan
from bench.process import Pipe


def feed(pipe: Pipe, plan: Plan, address: Address) -> None:
    """Sends the `Opening`; then answers each message.

    COMMIT: a tick, and when it was committed. NEWEST: the prices that are now in
    Postgres. Anything else: a tick, and those prices.
    """
    django.setup()
    from bench.market import prices  # noqa: PLC0415  it imports models

    prices.migrate()
    newest = prices.open_market(plan)
    pipe.send(prices.opening(plan, newest))
    while True:
        pipe.send(_answer(pipe.recv(), prices, plan))


def _answer(question: object, prices: Any, plan: Plan) -> object:
    if question == NEWEST:
        return prices.newest()
    if question == COMMIT:
        return prices.commit(plan.tickers)
    return prices.tick(plan.tickers)
