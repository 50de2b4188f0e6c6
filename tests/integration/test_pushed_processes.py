"""Worker and web as processes: what is pushed is recorded and published."""

import httpx
from redis import Redis

from accounts.models import User
from accounts.services import tokens_issue
from pricefeed.models import Feed
from securities.models import Security
from tests.config.test_metrics import figures
from tests.integration.processes import Processes, wait_until
from tests.integration.web import Web


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
            what="the ticks in Postgres",
        )
    wait_until(
        lambda: redis.get("tickwatch:mark") == f"{Feed.objects.get()}".encode(),
        what="the prices to be published",
    )

    def asked() -> dict[str, float]:
        return figures(httpx.get(f"{web.url}/metrics").text)

    # Counted after the prices are out, by another process than the one that is asked.
    wait_until(lambda: asked()["tickwatch_batch_ticks_sum{pushed}"] == 30, what="all batches")
    found = asked()
    assert found["tickwatch_ticks_received_total"] == found["tickwatch_ticks_recorded_total"] == 30
    assert found["tickwatch_ticks_dropped_total"] == found["tickwatch_lag_ticks{0}"] == 0
    assert "Traceback" not in worker.output + web.running.output
