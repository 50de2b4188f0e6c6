"""Worker and web as processes: pushed ticks arrive once and in order, whoever is killed."""

import json
import random
import signal
import time
from typing import Any

import httpx
from redis import Redis

from accounts.models import User
from accounts.services import tokens_issue
from pricefeed import pushed
from pricefeed.models import Feed, Tick
from pricefeed.sources.pushed.streams import streams
from pricefeed.sources.pushed.tickers import KnownTickers
from securities.models import Security
from tests.config.test_metrics import figures
from tests.integration.processes import Processes, Running, wait_until
from tests.integration.web import Web

KILLS = 6
TICKS = 50  # of each ticker in a message


def push(market: list[Security], first: int) -> int:
    """Each ticker's next prices, all different; the answer says that all were taken."""
    rows = [
        {"ticker": security.ticker, "price": first + n} for n in range(TICKS) for security in market
    ]
    assert pushed.ticks_push(json.dumps(rows).encode()).accepted == len(rows)
    return first + TICKS


def stored(security: Security) -> list[int]:
    rows = Tick.objects.filter(security=security).order_by("sequence")
    return [int(price) for price in rows.values_list("price", flat=True)]


def kill(worker: Running) -> None:
    """The worker and its child, at once, without a word."""
    for process in [*worker.below()]:
        process.send_signal(signal.SIGKILL)
    worker.kill()


def test_workers_killed_at_random_moments_record_each_tick_once_and_in_order(
    processes: Processes, market: list[Security], redis: Redis, here: None, monkeypatch: Any
) -> None:
    streams.cache_clear()
    monkeypatch.setattr(pushed, "_tickers", KnownTickers())
    monkeypatch.setattr(pushed, "_ask_for_recorder", lambda _: None)  # Beat does
    chance, price = random.Random(4), 1
    processes.beat(PRICE_UPDATE_SECONDS="3600")
    for _ in range(KILLS):
        before = Feed.objects.get().sequence
        worker = processes.worker("-c", "2", PRICE_UPDATE_SECONDS="3600")
        price = push(market, price)
        wait_until(
            lambda before=before: Feed.objects.get().sequence > before,
            seconds=30,
            what="recording to begin",
        )
        ends = time.monotonic() + chance.uniform(0.0, 0.3)
        while time.monotonic() < ends:
            price = push(market, price)
        kill(worker)
    processes.worker("-c", "2", PRICE_UPDATE_SECONDS="3600")
    wait_until(lambda: not streams().waiting(), seconds=30, what="the rest to be recorded")
    pushed_prices = list(range(1, price))
    for security in market:
        assert stored(security) == pushed_prices
    recorded = Tick.objects.filter(security__in=market).order_by("sequence")
    numbers = list(recorded.values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    wait_until(
        lambda: redis.get("tickwatch:mark") == f"{Feed.objects.get()}".encode(),
        seconds=10,
        what="the last prices to be published",
    )
    streams.cache_clear()


def test_what_is_pushed_over_http_is_recorded_at_once_without_beat(
    processes: Processes, market: list[Security], redis: Redis, feeder: User
) -> None:
    worker = processes.worker()
    web = Web(processes)
    worker.await_said(" ready.")
    headers = {"Authorization": f"Bearer {tokens_issue(user=feeder).access}"}
    for price in (1, 2, 3):
        body = [{"ticker": each.ticker, "price": str(price)} for each in market]
        answer = httpx.post(f"{web.url}/api/v1/prices", json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (202, {"accepted": 10, "refused": []})
        wait_until(
            lambda price=price: Feed.objects.get().sequence == 10 * price,
            seconds=5,
            what="the ticks in Postgres",
        )
    wait_until(
        lambda: redis.get("tickwatch:mark") == f"{Feed.objects.get()}".encode(),
        seconds=5,
        what="the prices to be published",
    )

    def asked() -> dict[str, float]:
        return figures(httpx.get(f"{web.url}/metrics").text)

    # Counted after the prices are out, by another process than the one that is asked.
    wait_until(
        lambda: asked()["tickwatch_batch_ticks_sum{pushed}"] == 30, seconds=5, what="all batches"
    )
    found = asked()
    assert found["tickwatch_ticks_received_total"] == found["tickwatch_ticks_recorded_total"] == 30
    assert found["tickwatch_ticks_dropped_total"] == found["tickwatch_lag_ticks{0}"] == 0
    assert "Traceback" not in worker.output + web.running.output
