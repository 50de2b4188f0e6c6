"""Feeders that push over HTTP, whatever happens to the server, and know what was acknowledged."""

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import httpx

from tests.integration.processes import wait_until

ACCOUNT = {"username": "feeder", "password": "correct horse battery 7"}
MILLION = 1_000_000
TICKS_OF_EACH = 5
"""In a message, of each ticker."""
_LEVELS = (100, 101, 104, 120)
"""Whole parts of prices: from most to most others it is a spike."""
_LATE_MS = 1500
_MOST_OF_A_TICKER = MILLION // 10
_MARK = 7  # last digit of a pushed price: simulated ones have four decimals at most


def number_of(price_millionths: int) -> int | None:
    """Which tick of its ticker a price is; None for one that no feeder has pushed."""
    if price_millionths % 10 != _MARK:
        return None
    return price_millionths % MILLION // 10


class Feeder:
    """Pushes the ticks of some tickers in order: message by message, each until it is taken.

    Every price says which tick of its ticker it is, from 1 on. A message whose answer
    was missed is sent again under the same key, as docs/api.md wants it. `sent` are the
    ticks a ticker has in all messages, `acknowledged` those in messages that were
    answered 202; `doubtful` are numbers of messages that took more than one attempt.
    """

    def __init__(
        self,
        name: str,
        *,
        sign_in: Callable[[], str],
        url: str,
        tickers: Sequence[str],
        seed: int,
        own_times: bool,
        pause: float,
    ) -> None:
        self.name, self.tickers = name, tickers
        self.sent = 0
        self.acknowledged = 0
        self.doubtful: set[int] = set()
        self.acknowledged_at: list[tuple[float, int]] = []
        self.problems: list[str] = []
        self.slowest = 0.0
        self._sign_in, self._pause = sign_in, pause
        self._own_times = own_times
        self._chance = random.Random(seed)
        self._api = httpx.Client(base_url=f"{url}/api/v1/", timeout=10)
        self._authorize()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No new message; the one under way is sent until it is taken."""
        self._stop.set()

    def join(self, *, seconds: float) -> None:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"{self.name} still has a message that nobody takes"
        self._api.close()

    def acknowledged_when(self, number: int) -> float:
        """Monotonic time."""
        return next(at for at, upto in self.acknowledged_at if upto >= number)

    def _authorize(self) -> None:
        self._api.headers["Authorization"] = f"Bearer {self._sign_in()}"

    def _run(self) -> None:
        while not self._stop.wait(self._chance.uniform(0, 2 * self._pause)):
            first = self.sent + 1
            self.sent += TICKS_OF_EACH
            assert self.sent < _MOST_OF_A_TICKER
            rows = [self._tick(t, first + n) for n in range(TICKS_OF_EACH) for t in self.tickers]
            began = time.monotonic()
            self._push(first, json.dumps(rows).encode(), expected=len(rows))
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.acknowledged = self.sent
            self.acknowledged_at.append((time.monotonic(), self.sent))

    def _tick(self, ticker: str, number: int) -> dict[str, Any]:
        price = f"{self._chance.choice(_LEVELS)}.{number * 10 + _MARK:06}"
        if not self._own_times or self._chance.random() < 0.5:
            return {"ticker": ticker, "price": price}
        at = int(time.time() * 1000) - self._chance.randrange(_LATE_MS)
        return {"ticker": ticker, "price": price, "at": at}

    def _push(self, first: int, body: bytes, *, expected: int) -> None:
        """Until it is taken as a whole."""
        headers = {"Idempotency-Key": f"{self.name}-{first}", "Content-Type": "application/json"}
        while True:
            try:
                answer = self._api.post("prices", content=body, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 202:
                if answer.json()["accepted"] != expected:
                    self.problems.append(answer.text[:500])
                return
            if answer is not None and answer.status_code == 401:
                self._authorize()
                continue
            if answer is not None and answer.status_code != 503:
                self.problems.append(f"{answer.status_code} {answer.text[:500]}")
            self.doubtful.update(range(first, first + TICKS_OF_EACH))
            time.sleep(0.1)


class Load:
    """Some feeders at once, each with tickers of its own."""

    def __init__(self, feeders: Sequence[Feeder]) -> None:
        self.feeders = feeders

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.feeders:
            each.stop()

    @property
    def acknowledged(self) -> int:
        """Ticks, of all tickers."""
        return sum(each.acknowledged * len(each.tickers) for each in self.feeders)

    @property
    def problems(self) -> list[str]:
        """What feeders were told and should not have been."""
        return [problem for each in self.feeders for problem in each.problems]

    def await_more(self, *, ticks: int, seconds: float) -> None:
        """Until so many more are acknowledged."""
        wanted = self.acknowledged + ticks
        wait_until(lambda: self.acknowledged >= wanted, seconds=seconds, what=f"{ticks} ticks more")

    def end(self, *, seconds: float = 30) -> None:
        """Until every message has been taken, and nothing went wrong but what may."""
        for each in self.feeders:
            each.stop()
        for each in self.feeders:
            each.join(seconds=seconds)
        assert not self.problems, self.problems[:5]
