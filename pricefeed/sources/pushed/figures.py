"""What this process tells `/metrics` of the ticks that it was sent, and the log of lost ones."""

from collections.abc import Iterable

import structlog
from prometheus_client import Counter

from pricefeed.sources.pushed.refusals import REFUSALS

log = structlog.get_logger(__name__)

_accepted = Counter("tickwatch_ticks_accepted", "Pushed ticks that were taken.")
_refused = Counter("tickwatch_ticks_refused", "Pushed ticks that were refused, by code.", ["code"])
_dropped = Counter(
    "tickwatch_ticks_dropped", "Ticks that were taken and had to go before they were recorded."
)
for _code in REFUSALS:  # so that none at all is a figure, too
    _refused.labels(_code)


def count(*, accepted: int, refused: Iterable[str], dropped: int) -> None:
    """One message; its answer is on the way."""
    _accepted.inc(accepted)
    for code in refused:
        _refused.labels(code).inc()
    if dropped:
        _dropped.inc(dropped)
        log.warning("ticks_dropped", ticks=dropped, cause="too many wait to be recorded")
