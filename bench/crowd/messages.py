"""What a crowd is told, and what it answers."""

from typing import NamedTuple

from bench.market.plan import Guest


class Gather(NamedTuple):
    """Connect; answered by `Heard` when all have had a first frame.

    With `keeps_arrivals` the arrival of each frame is told from then on.
    """

    port: int
    guests: list[Guest]
    keeps_arrivals: bool = False


class Arrive(NamedTuple):
    """Answered by `Heard` when that many frames have brought ticks since the last answer."""

    frames: int


class Cut(NamedTuple):
    """Reset all sockets at once and come back; answered by `Back` when all are in again."""

    port: int
    jitter_seconds: float


class Heard(NamedTuple):
    """What the crowd has received since it last said so: frames that bring ticks, on the wire."""

    frames: int
    bytes: int
    arrivals: list[float]
    """Of each of these frames, in the seconds of CLOCK_MONOTONIC, which all processes share."""


class Back(NamedTuple):
    """How long it took until the last was in again and held the newest prices."""

    seconds: float
    attempts: int
