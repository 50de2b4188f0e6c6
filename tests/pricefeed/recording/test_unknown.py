from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from pricefeed.recording import services
from pricefeed.recording.services import record
from pricefeed.recording.unknown import UnknownTicks
from pricefeed.ticks import Tick
from securities.models import Security


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Recording begins anew, on a clock of ours."""
    ours = Clock()
    monkeypatch.setattr(services, "_unknown", UnknownTicks(clock=ours))
    return ours


def lines(work: Callable[[], object]) -> list[tuple[Any, ...]]:
    with capture_logs() as logs:
        work()
    return [
        (line["log_level"], line["ticks"], line["examples"])
        for line in logs
        if line["event"] == "ticks_of_unknown_tickers"
    ]


@pytest.mark.django_db
def test_ticks_of_tickers_that_nobody_entered_are_counted_in_the_log(
    clock: Clock, security: Callable[..., Security], tick: Callable[..., Tick]
) -> None:
    security("AAPL")
    security("GONE", is_active=False)
    known = [tick("AAPL", "1"), tick("GONE", "1")]
    unknown = [tick("NEWCO", "1"), tick("NEWCO", "2", seconds=1), tick("ABC", "3")]
    assert lines(lambda: record(known)) == []
    assert lines(lambda: record(known + unknown)) == [("warning", 3, ["ABC", "NEWCO"])]


def test_a_line_a_minute_counts_all_since_the_last(clock: Clock) -> None:
    unknown = UnknownTicks(clock=clock)
    assert len(lines(lambda: unknown.add("A"))) == 1
    for _ in range(3):
        clock.now += 19
        assert lines(lambda: unknown.add("BC")) == []
    clock.now += 3
    assert lines(lambda: unknown.add("")) == []
    ((_, ticks, examples),) = lines(lambda: unknown.add("D"))
    assert (ticks, examples) == (7, ["D"])


def test_of_many_tickers_a_few_are_named(clock: Clock) -> None:
    ((_, ticks, examples),) = lines(lambda: UnknownTicks(clock=clock).add("HGFEDCBAH"))
    assert (ticks, examples) == (9, ["A", "B", "C", "D", "E"])
