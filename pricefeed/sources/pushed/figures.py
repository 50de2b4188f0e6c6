"""What this process tells `/metrics` of the ticks that it refused, and the log of lost ones.

What it took is counted where it waits; see pricefeed.figures.
"""

from collections.abc import Iterable

import structlog
from prometheus_client import Counter

from pricefeed.sources.pushed.refusals import REFUSALS

log = structlog.get_logger(__name__)

_refused = Counter("tickwatch_ticks_refused", "Pushed ticks that were refused, by code.", ["code"])
for _code in REFUSALS:  # so that none at all is a figure, too
    _refused.labels(_code)


def count(*, refused: Iterable[str], dropped: int) -> None:
    """One message; its answer is on the way."""
    for code in refused:
        _refused.labels(code).inc()
    if dropped:
        log.warning("ticks_dropped", ticks=dropped, cause="too many wait to be recorded")
