"""Our feed, in a process of its own: fills the database, then updates prices when told.

A tick is the scheduled job itself, `prices_update`: fetch, record in Postgres,
publish through Redis. Only the source is the benchmark's: it moves every price.
"""

import django

from bench.fanout.plan import Plan
from bench.process import Pipe


def feed(pipe: Pipe, plan: Plan) -> None:
    """Sends the `Opening`; then answers each message with what is `Newest` after a tick."""
    django.setup()
    from bench.fanout import market  # noqa: PLC0415  it imports models

    market.migrate()
    newest = market.open_market(plan)
    pipe.send(market.opening(plan, newest))
    while True:
        pipe.recv()
        pipe.send(market.tick(plan.tickers))
