"""What a price tick costs a server, for each user who is told of it.

CPU time is read when all are connected and again when all have received
everything, with the sockets still open. The feed, the load client, Postgres and
Redis are other processes, and do not count.
"""

import statistics
from dataclasses import replace
from typing import NamedTuple

from bench.contenders import Contender
from bench.crowd.messages import Gather, Heard
from bench.fanout.kernel import floor
from bench.market.plan import Newest, Plan
from bench.stage import Stage, stage

_FEWEST_TICKS = 2


class Cost(NamedTuple):
    """What one contender took."""

    rounds: list[float]
    """CPU µs of the server per user and tick, round by round."""
    frames: float
    """Per user and tick."""
    frame_bytes: float
    """Of one frame, on the wire above TCP."""

    @property
    def microseconds(self) -> float:
        return statistics.median(self.rounds)


def measure(contender: Contender, plan: Plan) -> Cost:
    """Run one contender through its ticks. Raises BenchmarkFailed if anybody lacks anything."""
    with stage(contender, plan) as on:
        on.clients.ask(Gather(on.address.port, on.opening.guests))
        on.clients.ask(on.opening.newest)
        return ticks_on(on, plan, apart=contender.slowness == 1)


def ticks_on(on: Stage, plan: Plan, *, apart: bool) -> Cost:
    """All are connected: tick after tick.

    `apart`: as if clients were on other machines, where they take no CPU and are not woken by
    who sends: they read when all has been sent. Not for who would take minutes to send it.
    """
    rounds: list[float] = []
    heard: list[Heard] = []
    for _ in range(plan.rounds):
        began = on.used().cpu_seconds
        heard += [
            on.clients.ask(_tick_apart(on) if apart else on.feed.ask("tick"))
            for _ in range(plan.ticks)
        ]
        used = on.used().cpu_seconds - began
        rounds.append(used / plan.users / plan.ticks * 1e6)
    frames = sum(each.frames for each in heard)
    return Cost(
        rounds,
        frames / len(heard) / plan.users,
        sum(each.bytes for each in heard) / frames,
    )


def _tick_apart(on: Stage) -> Newest:
    with on.clients.stopped():
        newest: Newest = on.feed.ask("tick")
        on.calm()
    return newest


def plan_of(contender: Contender, plan: Plan) -> Plan:
    """One round of few ticks for those who take long."""
    if contender.slowness == 1:
        return plan
    ticks = max(_FEWEST_TICKS, plan.ticks * plan.rounds // contender.slowness)
    return replace(plan, ticks=ticks, rounds=1)


def measure_kernel(plan: Plan, *, frame_bytes: int) -> list[float]:
    """CPU µs of a process that only sends, per frame; round by round."""
    rounds = (
        floor(users=plan.users, frame_bytes=frame_bytes, ticks=plan.ticks)
        for _ in range(plan.rounds)
    )
    return [seconds / plan.users / plan.ticks * 1e6 for seconds in rounds]
