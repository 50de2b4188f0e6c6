"""Counting what is watched takes a small share of the time, however long it takes."""

from collections.abc import Callable
from typing import Any

import pytest

from pricefeed import watched as module
from pricefeed.watched import Watched


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[[float], list[float]]:
    """`counting(0.5)`: it takes so long; gives the times at which it was done."""

    def takes(seconds: float) -> list[float]:
        done: list[float] = []

        def count(*, limit: int) -> list[tuple[str, int]]:
            clock.now += seconds
            done.append(clock.now)
            return [("AAPL", 7), ("MSFT", 2)]

        monkeypatch.setattr(module, "most_watched", count)
        return done

    return takes


def test_what_takes_a_moment_is_counted_anew_in_every_period(
    counting: Callable[[float], list[float]], clock: Clock
) -> None:
    done, watched = counting(0.005), Watched(clock=clock)
    for _ in range(3):
        watched.counts()
        clock.now += 5
    assert len(done) == 3


def test_what_takes_long_is_used_for_twenty_times_as_long(
    counting: Callable[[float], list[float]], clock: Clock
) -> None:
    done, watched = counting(2.0), Watched(clock=clock)
    watched.counts()
    clock.now += 39.9
    watched.counts()
    assert len(done) == 1
    clock.now += 0.2
    watched.counts()
    assert len(done) == 2


def test_what_is_always_asked_for_comes_after_what_somebody_watches(
    counting: Callable[[float], list[float]], clock: Clock, settings: Any
) -> None:
    counting(0)
    settings.VENDOR_TICKERS = ["MSFT", "BRK.B"]
    assert Watched(clock=clock).counts() == {"AAPL": 7, "MSFT": 2, "BRK.B": 0}
