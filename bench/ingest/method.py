"""How ingest is measured, for the page of the figures."""

from bench.ingest.plan import Plan


def method(plan: Plan, plain: Plan) -> str:
    """Of ours, and of the plain way."""
    return _TEXT.format(plan=plan, plain=plain)


_TEXT = """\
Feeders push ticks over HTTP; what they push is committed, with its history, quotes, candles,
statistics and spikes, and published. Everything shares the machine: one web process, Celery's
workers and Beat as in production, Postgres with its default durability (fsync,
synchronous_commit), Redis, and the load client. Nobody watches the prices.

*The load.* {plan.feeders} feeders, each with a connection and tickers of its own, push
{plan.request:,} ticks a request (the plain way: {plain.feeders} feeders, {plain.request}
ticks). Each tick has a time of its own, and a price whose last four decimals count the ticks of
its ticker. First a closed loop finds what rate to try: for {plan.search_seconds:g} s, feeders
send as long as fewer than {plan.window:,} ticks (the plain way: {plain.window}) are between
request and commit. Then that rate is offered for {plan.hold_seconds:g} s, whatever becomes of
it; unless the p99 of the delay stays under a second, a lower rate is offered. All figures are
from the middle of the time in which the offered rate was held.

*The delay* of a tick begins when its request is due by the offered rate, so waiting to be sent
counts. It ends when the tick is visible to others: a session of its own reads the counter every
ten milliseconds, which is locked from the moment in which ticks are numbered until their
commit, so who reads a number can read all ticks up to it. *Published* is when the mark in Redis
says the same.

*The check.* After the run the whole history is read. Each acknowledged tick must be there
exactly once, with its price, each ticker's in the order in which they were pushed, and no
other; the numbers must have no hole. Anomalies must be exactly those that a plain program finds
in that history by the definition. Otherwise there is no figure.

*CPU* is of the middle, too, by CPU clocks: of the processes and of all that they started (Redis
by its own account), divided by the ticks committed. In the client's are preparing the bodies
and looking.

*The plain way* does the same work as one writes it first (`bench/peers/plain_ingest.py`): a
serializer, a `save` of the tick, of the counter and of its quote and a `group_send` for each
tick, in the request, on the same kind of server. It keeps no candles and no statistics, and
finds no spikes."""
