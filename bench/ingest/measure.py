"""One pipeline, measured: the rate that it sustains, and that nothing of it is missing."""

import sys
import time
from typing import NamedTuple

from bench.ingest.anomalies import require_exact
from bench.ingest.bodies import Bodies, Ints
from bench.ingest.clocks import Clocks
from bench.ingest.figures import Figures, Span, committed_rate, figures
from bench.ingest.history import History, ids_of, numbers_of, read_history, require_whole
from bench.ingest.load import Hold, Log, Search
from bench.ingest.plan import Plan
from bench.ingest.stage import Stage, Way, stage
from bench.process import BenchmarkFailed

_MIDDLE = 0.25, 0.95
"""Figures are of this part of the time."""
_SHARES = 0.97, 0.9, 0.8, 0.65, 0.5, 0.35, 0.2
"""Of the rate that a closed loop reached: offered one after another, until one is sustained."""
_MOST_SECONDS = 1.0


class Result(NamedTuple):
    """Of one pipeline."""

    held: Figures
    """While a rate was offered that it can sustain."""
    ticks: int
    """All that were pushed, each of them found in the history once."""
    anomalies: int | None
    """All there were to find, and found; None where nobody looked for them."""


def measure(way: Way, plan: Plan, *, looks_for_spikes: bool) -> Result:
    """Raises BenchmarkFailed if a tick is missing, too many, changed or out of order."""
    with stage(way, plan) as on:
        span, log = _during(on, Search(plan.search_seconds))
        looped = committed_rate(log.seen, span)
        if not looped:
            raise BenchmarkFailed("Nothing was committed in the middle of a closed loop.")
        _say(f"{looped:,.0f} ticks/s in a closed loop")
        for share in _SHARES:
            span, log = _during(on, Hold(looped * share, plan.hold_seconds))
            history = read_history()
            held = figures(log, _numbers(history, plan, log), span)
            _say(f"{looped * share:,.0f} ticks/s offered: p99 {held.delay(0.99):.2f} s")
            if held.delay(0.99) < _MOST_SECONDS:
                anomalies = require_exact(history) if looks_for_spikes else None
                return Result(held, len(history.security), anomalies)
    raise BenchmarkFailed(f"Not even {_SHARES[-1]:.0%} of the rate of a closed loop holds.")


def _numbers(history: History, plan: Plan, log: Log) -> list[Ints]:
    """Those of each feeder's ticks. Raises BenchmarkFailed unless all are as they should be."""
    require_whole(history)
    return [
        numbers_of(history, Bodies(share, plan.laps), ids_of(share), len(sent))
        for share, sent in zip(plan.shares(), log.sent, strict=True)
    ]


def _during(on: Stage, told: Search | Hold) -> tuple[Span, Log]:
    """The clocks of the middle, and everything that was sent and seen so far."""
    on.client.tell(told)
    began = time.monotonic()
    begin, end = (_clocks_at(on, began + told.seconds * share) for share in _MIDDLE)
    log: Log = on.client.hear()
    if log.waits:
        raise BenchmarkFailed("Feeders were told to wait: more was offered than is recorded.")
    return Span(begin, end), log


def _clocks_at(on: Stage, moment: float) -> Clocks:
    time.sleep(max(0.0, moment - time.monotonic()))
    return on.clocks()


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)
