"""What `/metrics` says, to whom, and that all processes of a server are in it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import metrics
from pricefeed.delivery.figures import report
from securities.models import Quote
from tests.conftest import MakeSecurity


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


def test_it_counts_sockets_by_kind_and_those_that_do_not_keep_up(db: None, nobody: None) -> None:
    sockets: Any = [Socket("watchlist"), Socket("watchlist", blocked=True), Socket("prices")]
    report(sockets, heard_at=1000.5)
    found = asked()
    assert found["tickwatch_connections{watchlist}"] == 2
    assert found["tickwatch_connections{prices}"] == 1
    assert found["tickwatch_connections_blocked"] == 1
    assert found["tickwatch_feed_heard_timestamp_seconds"] == 1000.5


def test_nobody_at_all_is_a_figure(db: None, nobody: None) -> None:
    assert asked()["tickwatch_connections{watchlist}"] == 0


def test_the_age_of_prices_is_that_of_the_newest(security: MakeSecurity) -> None:
    security("OLD", price="1")
    Quote.objects.update(updated_at=timezone.now() - timedelta(days=1))
    security("NEW", price="1")
    Quote.objects.filter(security__ticker="NEW").update(
        updated_at=timezone.now() - timedelta(seconds=60)
    )
    assert asked()["tickwatch_price_age_seconds"] == pytest.approx(60, abs=5)


def test_without_a_price_or_without_postgres_the_age_is_left_out_and_the_rest_is_there(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "tickwatch_price_age_seconds" not in asked()

    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(metrics, "newest_quote_time", away)
    found = asked()
    assert "tickwatch_price_age_seconds" not in found
    assert "tickwatch_connections{prices}" in found


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_came_through_a_proxy_finds_nothing(header: str) -> None:
    answer = Client().get("/metrics", headers={header: "192.0.2.1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert b"tickwatch_" not in answer.content


def test_prometheus_may_ask_by_an_address_that_is_no_name_of_ours(db: None) -> None:
    assert "tickwatch_connections{prices}" in asked(host="10.1.2.3:8000")
    assert Client().get("/health", headers={"host": "10.1.2.3:8000"}).status_code == 400


def test_it_can_only_be_read() -> None:
    assert Client().post("/metrics").status_code == 405
