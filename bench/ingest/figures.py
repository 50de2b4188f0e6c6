"""From what was sent and seen to figures; nothing here waits or asks anybody."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.ingest.bodies import Ints
from bench.ingest.clocks import Clocks
from bench.ingest.load import Log
from bench.ingest.probe import Seen

Floats = NDArray[np.float64]


class Span(NamedTuple):
    """A time in which ticks were pushed, and the clocks at both ends."""

    begin: Clocks
    end: Clocks

    @property
    def seconds(self) -> float:
        return self.end.at - self.begin.at


class Figures(NamedTuple):
    """Of a span."""

    rate: float
    """Ticks committed a second."""
    committed: Floats
    """How long after its request was due each tick could be seen in Postgres, in seconds."""
    published: Floats
    """And until everything up to it was published."""
    cpu_us: Mapping[str, float]
    """For each committed tick, by stage."""

    def delay(self, share: float) -> float:
        """What this share of the ticks did not exceed until they were committed."""
        return float(np.quantile(self.committed, share))


def committed_rate(seen: Seen, span: Span) -> float:
    """Ticks a second."""
    return (seen.number_at(span.end.at) - seen.number_at(span.begin.at)) / span.seconds


def figures(log: Log, numbers: Sequence[Ints], span: Span) -> Figures:
    """`numbers` are those that each feeder's ticks got, by request, lap and ticker."""
    committed, published = [], []
    for sent, its in zip(log.sent, numbers, strict=True):
        due = np.array([each.due for each in sent])
        inside = (due > span.begin.at) & (due < span.end.at)
        its_due = due[inside][:, np.newaxis]
        of_request = its[inside].reshape(len(its_due), math.prod(its.shape[1:]))
        committed.append((log.seen.when(of_request, log.seen.committed) - its_due).ravel())
        published.append((log.seen.when(of_request, log.seen.published) - its_due).ravel())
    rate = committed_rate(log.seen, span)
    used = span.end.since(span.begin)
    per_tick = {stage: cpu * 1e6 / (rate * span.seconds) for stage, cpu in used.items()}
    return Figures(rate, np.concatenate(committed), np.concatenate(published), per_tick)
