"""The oracle of spikes: what the definition says of a finished series, tick after tick."""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

UP, DOWN = "up", "down"


class Spike(NamedTuple):
    """The tick that begins an anomaly; `price` and what it is compared with in millionths."""

    direction: str
    at: int
    price: int
    reference: int


def spikes(
    at: Sequence[int], price: Sequence[int], *, window_ms: int, threshold_percent: str
) -> list[Spike]:
    """Of one ticker, in order of time (milliseconds; prices in millionths).

    A tick spikes when it is more than the threshold above the lowest, or below the highest
    of the ticks before it that are at most a window older. It begins an anomaly unless one
    of its direction began at most a window ago.
    """
    share = Fraction(threshold_percent) / 100
    lowest: deque[int] = deque()  # places of ticks that may still become it, prices rising
    highest: deque[int] = deque()
    began: dict[str, int] = {}
    found = []
    for place, (moment, amount) in enumerate(zip(at, price, strict=True)):
        for places in (lowest, highest):
            while places and at[places[0]] < moment - window_ms:
                places.popleft()
        if lowest:
            low, high = price[lowest[0]], price[highest[0]]
            for direction, reference, jump in (
                (UP, low, amount - low),
                (DOWN, high, high - amount),
            ):
                since = moment - began.get(direction, moment - window_ms - 1)
                if jump > reference * share and since > window_ms:
                    began[direction] = moment
                    found.append(Spike(direction, moment, amount, reference))
        while lowest and price[lowest[-1]] >= amount:
            lowest.pop()
        while highest and price[highest[-1]] <= amount:
            highest.pop()
        lowest.append(place)
        highest.append(place)
    return found
