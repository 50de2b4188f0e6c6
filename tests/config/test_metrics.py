"""What `/metrics` says, to whom, and that all processes of a server are in it."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client, override_settings
from prometheus_client.parser import text_string_to_metric_families

from config import metrics
from pricefeed import figures as figures_of_feed
from pricefeed.delivery.figures import report
from pricefeed.models import Feed, StreamPosition
from pricefeed.recording.batches import count_batch
from pricefeed.sources.pushed import streams as streams_module
from pricefeed.sources.pushed.streams import Streams
from tests.conftest import MakeSecurity, use_own_redis_names
from tests.integration.processes import wait_until


def figures(text: str) -> dict[str, float]:
    """Every figure of ours, `name` or `name{kind}`; raises where it is not the format."""
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("tickwatch_")
    }


def asked(**headers: str) -> dict[str, float]:
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer["Cache-Control"] == "no-store"
    return figures(answer.content.decode())


class Socket:
    """What is counted of a connection."""

    def __init__(self, kind: str, *, blocked: bool = False) -> None:
        self.kind, self.blocked = kind, blocked


@pytest.fixture
def nobody() -> Iterator[None]:
    report((), heard_at=0)
    yield
    report((), heard_at=0)


def test_it_counts_sockets_by_kind_and_those_that_do_not_keep_up(
    transactional_db: None, nobody: None
) -> None:
    sockets: Any = [Socket("watchlist"), Socket("watchlist", blocked=True), Socket("prices")]
    report(sockets, heard_at=1000.5)
    found = asked()
    assert found["tickwatch_connections{watchlist}"] == 2
    assert found["tickwatch_connections{prices}"] == 1
    assert found["tickwatch_connections_blocked"] == 1
    assert found["tickwatch_feed_heard_timestamp_seconds"] == 1000.5


def test_nobody_at_all_is_a_figure(transactional_db: None, nobody: None) -> None:
    assert asked()["tickwatch_connections{watchlist}"] == 0


@pytest.fixture
def own_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    name = use_own_redis_names(monkeypatch)
    monkeypatch.setattr(streams_module, "PREFIX", f"{name}:{{ticks}}")


def test_it_has_what_was_committed_and_what_waits(
    transactional_db: None, own_streams: None, security: MakeSecurity
) -> None:
    security("A", price="1")
    Feed.objects.update_or_create(defaults={"sequence": 70})
    StreamPosition.objects.create(partition=3, dropped=5)
    count_batch("pushed", ticks=20, seconds=0.2)
    found = asked()
    assert found["tickwatch_ticks_recorded_total"] == 70
    assert found["tickwatch_ticks_dropped_total"] == 5
    assert found["tickwatch_price_age_seconds"] == pytest.approx(0, abs=5)
    assert found["tickwatch_lag_ticks{3}"] == found["tickwatch_ticks_received_total"] == 0
    assert found["tickwatch_batch_ticks_sum{pushed}"] == 20
    assert found["tickwatch_server_up{postgres}"] == found["tickwatch_server_up{redis}"] == 1


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Mock:
    monkeypatch.setattr(metrics, "log", said := Mock())
    return said


OF_POSTGRES, OF_REDIS = "tickwatch_ticks_recorded_total", "tickwatch_ticks_received_total"


def test_without_postgres_there_is_the_rest(
    transactional_db: None, own_streams: None, monkeypatch: pytest.MonkeyPatch, log: Mock
) -> None:
    with monkeypatch.context() as away:
        away.setattr(BaseDatabaseWrapper, "connect", Mock(side_effect=OperationalError))
        found = asked()
    assert found["tickwatch_server_up{postgres}"] == 0
    assert OF_POSTGRES not in found
    assert {OF_REDIS, "tickwatch_connections{prices}"} < found.keys()
    assert not log.exception.called


def test_without_redis_there_is_the_rest(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, log: Mock
) -> None:
    with socket.socket() as nobody_there:  # bound, so that nobody else is, and deaf
        nobody_there.bind(("127.0.0.1", 0))
        port = nobody_there.getsockname()[1]
        with override_settings(REDIS_URL=f"redis://127.0.0.1:{port}/0"):
            monkeypatch.setattr(figures_of_feed, "streams", Streams)
            found = asked()
    assert found["tickwatch_server_up{redis}"] == 0
    assert OF_REDIS not in found
    assert {OF_POSTGRES, "tickwatch_connections{prices}"} < found.keys()
    assert not log.exception.called


def test_a_server_that_hangs_is_not_waited_for_and_asked_only_once(
    transactional_db: None, own_streams: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "PATIENCE_SECONDS", 0.3)
    goes_on, asks = threading.Event(), []

    def hang() -> list[Any]:
        asks.append(None)
        assert goes_on.wait(20)
        return []

    monkeypatch.setattr(metrics, "committed_figures", hang)
    began = time.monotonic()
    found = [asked() for _ in range(3)]
    assert time.monotonic() - began < 10
    assert len(asks) == 1
    assert [each["tickwatch_server_up{postgres}"] for each in found] == [0, 0, 0]
    wait_until(lambda: OF_REDIS in asked(), seconds=20, what="figures of the other")
    goes_on.set()
    wait_until(lambda: asked()["tickwatch_server_up{postgres}"] == 1, seconds=20, what="an answer")


def test_a_bug_of_ours_costs_its_figures_alone_and_is_in_the_log(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, log: Mock
) -> None:
    monkeypatch.setattr(metrics, "waiting_figures", Mock(side_effect=KeyError("oops")))
    found = asked()
    assert (found["tickwatch_server_up{redis}"], found["tickwatch_server_up{postgres}"]) == (0, 1)
    assert log.exception.call_count == 1


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_came_through_a_proxy_finds_nothing(header: str) -> None:
    answer = Client().get("/metrics", headers={header: "192.0.2.1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert b"tickwatch_" not in answer.content


def test_prometheus_may_ask_by_an_address_that_is_no_name_of_ours(transactional_db: None) -> None:
    assert "tickwatch_connections{prices}" in asked(host="10.1.2.3:8000")
    assert Client().get("/health", headers={"host": "10.1.2.3:8000"}).status_code == 400


def test_it_can_only_be_read() -> None:
    assert Client().post("/metrics").status_code == 405
