"""The load client, a process of its own: feeders, a thread and a connection each, and a probe."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from bench.ingest.bodies import Bodies
from bench.ingest.connection import Connection
from bench.ingest.plan import Plan
from bench.ingest.probe import Probe, Seen
from bench.process import BenchmarkFailed, Pipe

_DRAIN_SECONDS = 120.0


class Search(NamedTuple):
    """Push as fast as ticks are committed: no more than the window are between the two."""

    seconds: float


class Hold(NamedTuple):
    """Push so many ticks a second, whatever becomes of them."""

    rate: float
    seconds: float


class Sent(NamedTuple):
    """One request. It is due when the last of its ticks has happened, and late if sent later."""

    due: float
    acknowledged: float


class Log(NamedTuple):
    """All that was sent, by feeder and in order, and what could be seen of it."""

    sent: list[list[Sent]]
    seen: Seen
    waits: int
    """How often a feeder was told to wait (503)."""


NextDue = Callable[[int], float | None]
"""When the next request of so many ticks is due; None when there is to be none."""


class _Feeder:
    def __init__(self, connect: Callable[[], Connection], bodies: Bodies) -> None:
        self._connect, self._bodies = connect, bodies
        self.sent: list[Sent] = []
        self.waits = 0
        self._until_ms = 0
        self._wall = time.time() - time.monotonic()
        self.failure: BaseException | None = None

    @property
    def ticks(self) -> int:
        """In a request."""
        return self._bodies.ticks

    def feed(self, next_due: NextDue) -> None:
        """With a connection of its own: the server has closed one that was idle since the last."""
        try:
            with closing(self._connect()) as connection:
                while (due := next_due(self.ticks)) is not None:
                    self._push(connection, due)
        except (BenchmarkFailed, OSError) as error:
            self.failure = error

    def _push(self, connection: Connection, due: float) -> None:
        end_ms = int((due + self._wall) * 1000)
        body = self._bodies.body(
            len(self.sent), begin_ms=self._until_ms or end_ms - 1, end_ms=end_ms
        )
        self._until_ms = end_ms
        time.sleep(max(0.0, due - time.monotonic()))
        self.waits += connection.push(body, self.ticks)
        self.sent.append(Sent(due, time.monotonic()))


def load(pipe: Pipe, plan: Plan, port: int, token: str, *, is_published: bool = True) -> None:
    """Says when it is ready, and a request of each feeder has come through. Does what it is told;
    when all of that has been committed and published, it gives the `Log` of everything so far."""
    probe = Probe(is_published=is_published)
    probe.start()
    connect = partial(Connection, port, token)
    feeders = [_Feeder(connect, Bodies(share, plan.laps)) for share in plan.shares()]
    _run(feeders, probe, lambda _: _once())
    pipe.send("ready")
    while True:
        _run(feeders, probe, _paces(pipe.recv(), plan, probe, _pushed(feeders)))
        waits = sum(feeder.waits for feeder in feeders)
        pipe.send(Log([feeder.sent for feeder in feeders], probe.seen(), waits))


def _run(feeders: Sequence[_Feeder], probe: Probe, paces: Callable[[int], NextDue]) -> None:
    """Until the pace of each says that it is over, and all that was pushed has come through."""
    threads = [
        threading.Thread(target=feeder.feed, args=(paces(number),), daemon=True)
        for number, feeder in enumerate(feeders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for feeder in feeders:
        if feeder.failure is not None:
            raise feeder.failure
    _drain(probe, _pushed(feeders))


def _pushed(feeders: Sequence[_Feeder]) -> int:
    return sum(feeder.ticks * len(feeder.sent) for feeder in feeders)


def _once() -> NextDue:
    left = iter([time.monotonic()])
    return lambda _: next(left, None)


def _paces(told: Search | Hold, plan: Plan, probe: Probe, pushed: int) -> Callable[[int], NextDue]:
    began = time.monotonic()
    if isinstance(told, Hold):
        return partial(_pace, told, plan, began)
    window = _window(probe, plan.window, began + told.seconds, pushed)
    return lambda _: window


def _window(probe: Probe, most: int, until: float, pushed: int) -> NextDue:
    """As soon as there is room between what was pushed and what is committed.

    For one request there always is, however long it is.
    """

    def next_due(ticks: int) -> float | None:
        nonlocal pushed
        with probe.moved:
            while pushed + ticks > probe.committed + max(most, ticks):
                if not probe.moved.wait(_DRAIN_SECONDS):
                    raise BenchmarkFailed("Nothing is committed any more.")
            pushed += ticks
        now = time.monotonic()
        return now if now < until else None

    return next_due


def _pace(told: Hold, plan: Plan, began: float, number: int) -> NextDue:
    """At a fixed rate; the feeders' requests lie evenly between each other."""
    sent = 0

    def next_due(ticks: int) -> float | None:
        nonlocal sent
        period = ticks * plan.feeders / told.rate
        due = began + (sent + (number + 1) / plan.feeders) * period
        sent += 1
        return due if due < began + told.seconds else None

    return next_due


def _drain(probe: Probe, pushed: int) -> None:
    until = time.monotonic() + _DRAIN_SECONDS
    with probe.moved:
        while min(probe.committed, probe.published) < pushed:
            if time.monotonic() > until:
                raise BenchmarkFailed(
                    f"{pushed:,} ticks were taken, {probe.committed:,} are committed, "
                    f"{probe.published:,} published."
                )
            probe.moved.wait(1)
