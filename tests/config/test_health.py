"""Alive says that the process answers; ready says what is missing, by name and quickly."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from config import health
from config.questions import Question
from securities.models import Quote
from tests.conftest import MakeSecurity

QUICK_SECONDS = 3.0


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else can."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]


@pytest.fixture
def no_redis(closed_port: int, settings: Any) -> None:
    settings.REDIS_URL = f"redis://:s3cret@127.0.0.1:{closed_port}/0"


@pytest.fixture
def no_database(transactional_db: None, closed_port: int) -> Iterator[None]:
    """The pool of connections is as in production; only nobody is at the other end."""
    connection = connections["default"]
    original = {**connection.settings_dict}
    connection.close()
    connection.close_pool()
    connection.settings_dict.update(HOST="127.0.0.1", PORT=closed_port, PASSWORD="s3cret")
    yield
    connection.close()
    connection.close_pool()
    connection.settings_dict.update(original)


def answer_within(seconds: float, path: str) -> Any:
    """What comes so soon, once in three times: the machine itself may stand still."""
    for _ in range(3):
        began = time.monotonic()
        answer = Client().get(path)
        if time.monotonic() - began < seconds:
            return answer
    pytest.fail(f"{path} takes more than {seconds} s.")


def ask() -> tuple[int, dict[str, Any]]:
    answer = answer_within(QUICK_SECONDS, "/health/ready")
    assert "s3cret" not in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()


def states(body: dict[str, Any]) -> dict[str, str]:
    return {name: check["status"] for name, check in body["checks"].items()}


def test_alive_touches_neither_postgres_nor_redis(no_database: None, no_redis: None) -> None:
    answer = answer_within(1, "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_with_a_database_that_hangs_says_so_quickly(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(health, "_POSTGRES_SECONDS", 1.0)
    monkeypatch.setattr(health, "_database", Question(lambda: {"hung": hangs.wait(60)}))
    try:
        status, body = ask()
    finally:
        hangs.set()
    assert (status, body["checks"]["database"]) == (
        503,
        {"status": "failed", "reason": "no answer in time"},
    )


def test_ready_without_the_database_says_so_quickly(no_database: None) -> None:
    status, body = ask()
    assert (status, body["status"]) == (503, "unavailable")
    assert states(body) == {"database": "failed", "redis": "ok", "prices": "failed"}
    assert body["checks"]["database"]["reason"] == "OperationalError"
    assert "database" in body["checks"]["prices"]["reason"]


def test_ready_without_redis_says_so(security: MakeSecurity, no_redis: None) -> None:
    security("AAPL", price="10")
    status, body = ask()
    assert status == 503
    assert states(body) == {"database": "ok", "redis": "failed", "prices": "ok"}


def test_ready_before_the_first_price_says_that_there_is_none(security: MakeSecurity) -> None:
    security("AAPL")
    status, body = ask()
    assert status == 503
    assert states(body) == {"database": "ok", "redis": "ok", "prices": "failed"}
    assert body["checks"]["prices"]["reason"] == "no price has been recorded yet"


def test_ready_with_an_old_price_says_how_old(
    security: MakeSecurity, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    security("AAPL", price="10")
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    Quote.objects.update(updated_at=now - timedelta(seconds=61))
    settings.PRICE_STALE_SECONDS = 60
    status, body = ask()
    assert status == 503
    assert body["checks"]["prices"]["reason"] == "the newest price is 61 s old"


def test_ready_goes_by_the_newest_price_not_by_one_that_lags(security: MakeSecurity) -> None:
    security("IDLE", price="10")
    Quote.objects.update(updated_at=timezone.now() - timedelta(days=3))
    assert ask()[0] == 503
    security("AAPL", price="10")
    status, body = ask()
    assert (status, body["status"]) == (200, "ok")
    assert body["checks"]["prices"]["age_seconds"] < 10


def test_prices_of_inactive_securities_alone_do_not_stay_ready(security: MakeSecurity) -> None:
    """Nothing writes to them any more, so their prices only grow old."""
    security("GONE", price="10", is_active=False)
    Quote.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    status, body = ask()
    assert status == 503
    assert states(body)["prices"] == "failed"


def test_readiness_asks_little_of_postgres(
    security: MakeSecurity, django_assert_num_queries: Any
) -> None:
    security("AAPL", price="10")
    with django_assert_num_queries(1):  # and one on the link of its own that may hang
        assert ask()[0] == 200


def test_asked_for_itself_alone_a_process_is_ready_while_postgres_and_redis_are_away(
    no_database: None, no_redis: None
) -> None:
    answer = answer_within(1, "/health/ready?only=draining")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {}})


@pytest.mark.parametrize("only", ["prices", "", "draining,prices"])
def test_no_other_check_can_be_asked_alone(only: str) -> None:
    answer = Client().get("/health/ready", {"only": only})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
