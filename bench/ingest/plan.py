"""How much is pushed, by whom, and what is recorded of it by how many."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Feeders share the tickers: each has its own, so that the order of a ticker is known.

    `request` is how many ticks a request has, about: each holds the same number of laps, at
    least one, a lap being one tick of each of the feeder's tickers. `window` is how many ticks
    may be between request and commit while the rate is looked for.
    """

    tickers: int = 500
    workers: int = 1
    feeders: int = 4
    request: int = 10_000
    window: int = 100_000
    search_seconds: float = 10.0
    hold_seconds: float = 20.0

    def universe(self) -> list[str]:
        return [f"T{number:05d}" for number in range(self.tickers)]

    def shares(self) -> list[list[str]]:
        """The tickers of each feeder."""
        universe = self.universe()
        return [universe[first :: self.feeders] for first in range(self.feeders)]

    @property
    def laps(self) -> int:
        """In a request."""
        return max(1, self.request * self.feeders // self.tickers)
