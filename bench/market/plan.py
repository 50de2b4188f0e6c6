"""How many watch how much, and what a feed says first."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.crowd.dialects import Dialect, Tickwatch

Newest = dict[str, tuple[int, str]]
"""What everybody must have after a tick: the sequence and the price of each ticker."""

COMMIT, NEWEST = "commit", "newest"
"""What our feed may be asked besides a tick."""


@dataclass(frozen=True)
class Plan:
    """Every user watches `per_user` of the tickers; each tick moves every ticker.

    `zipf`: the n-th ticker is 1/n as popular as the first; else all are alike.
    """

    users: int = 4000
    tickers: int = 500
    per_user: int = 20
    zipf: bool = False
    ticks: int = 10
    rounds: int = 3

    def universe(self) -> list[str]:
        """The tickers, the most popular first."""
        return [f"T{number:05d}" for number in range(self.tickers)]

    def lists(self) -> list[tuple[str, ...]]:
        """What each user watches; the same in every run."""
        universe = self.universe()
        chance = np.random.default_rng(7)
        weights = 1.0 / np.arange(1, self.tickers + 1) if self.zipf else np.ones(self.tickers)
        weights /= weights.sum()
        return [
            tuple(
                universe[place]
                for place in chance.choice(
                    self.tickers, size=self.per_user, replace=False, p=weights
                ).tolist()
            )
            for _ in range(self.users)
        ]


class Guest(NamedTuple):
    """One client: what it opens, with which token, and what it must be told about."""

    path: str
    token: str | None
    tickers: tuple[str, ...]
    dialect: type[Dialect] = Tickwatch


class Opening(NamedTuple):
    """What a feed says first: who is to connect, and the prices so far (none: none yet)."""

    guests: list[Guest]
    newest: Newest


class Address(NamedTuple):
    """Where a server listens; some take what is published at another port."""

    port: int
    publishing_port: int
