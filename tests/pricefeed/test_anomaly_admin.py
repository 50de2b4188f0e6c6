"""Anomalies in the admin site: looked at by staff, written by nobody there."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from pricefeed.models import Anomaly, Direction
from securities.models import Security
from tests.conftest import MakeSecurity
from tests.pricefeed.conftest import NOON

LIST = reverse("admin:pricefeed_anomaly_changelist")


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def found(security: MakeSecurity) -> list[Anomaly]:
    """Two of A, one of them down, and one of B."""
    a, b = security("A", name="A & Sons"), security("B")
    return [jump(a, "103"), jump(a, "96.9"), jump(b, "110")]


def jump(security: Security, price: str) -> Anomaly:
    return Anomaly.objects.create(
        security=security,
        direction=Direction.UP if Decimal(price) > 100 else Direction.DOWN,
        at=NOON + timedelta(microseconds=7_654),
        price=Decimal(price),
        reference=Decimal(100),
    )


def listed(response: Any) -> list[int]:
    assert response.status_code == 200
    return [each.pk for each in response.context["cl"].result_list]


def page_of(anomaly: Anomaly) -> str:
    return reverse("admin:pricefeed_anomaly_change", args=[anomaly.pk])


def test_only_staff_see_it(client: Client, alice: User, found: list[Anomaly]) -> None:
    client.force_login(alice)
    assert client.get(LIST).status_code == 302


def test_nobody_can_add_change_or_delete(desk: Client, found: list[Anomaly]) -> None:
    assert desk.get(reverse("admin:pricefeed_anomaly_add")).status_code == 403
    page = page_of(found[0])
    assert desk.post(page, {"price": "1"}).status_code == 403
    assert desk.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [found[0].pk], "post": "yes"}
    desk.post(LIST, chosen)
    assert list(Anomaly.objects.order_by("pk").values_list("price", flat=True)) == [
        Decimal(103), Decimal("96.9"), Decimal(110),
    ]  # fmt: skip


def test_the_newest_come_first_with_what_jumped_and_from_where(
    desk: Client, found: list[Anomaly]
) -> None:
    answer = desk.get(LIST)
    assert listed(answer) == [each.pk for each in reversed(found)]
    text = answer.content.decode()
    assert '<td class="field-shown_price">96.90</td>' in text
    assert '<td class="field-shown_reference">100.00</td>' in text
    assert '<td class="field-change">-3.10 %</td>' in text
    assert '<td class="field-shown_at">2026-03-02 12:00:00.007 UTC</td>' in text


def test_it_is_filtered_by_direction_and_security(desk: Client, found: list[Anomaly]) -> None:
    up, down, of_b = (each.pk for each in found)
    a = found[0].security_id
    assert listed(desk.get(f"{LIST}?direction__exact=up")) == [of_b, up]
    assert listed(desk.get(f"{LIST}?security={a}")) == [down, up]
    assert listed(desk.get(f"{LIST}?security={a}&direction__exact=down")) == [down]
    assert listed(desk.get(f"{LIST}?q=b")) == [of_b]
    assert listed(desk.get(f"{LIST}?security=rubbish")) == []
    assert listed(desk.get(f"{LIST}?security={'9' * 30}")) == []


def test_the_securities_that_jump_most_are_offered_and_the_chosen_one(
    desk: Client, found: list[Anomaly], security: MakeSecurity
) -> None:
    quiet = security("QUIET")
    (choices,) = (
        spec.lookup_choices
        for spec in desk.get(f"{LIST}?security={quiet.pk}").context["cl"].filter_specs
        if spec.title == "security"
    )
    a, b = found[0].security_id, found[2].security_id
    assert choices == [(str(a), "A (2)"), (str(b), "B (1)"), (str(quiet.pk), "QUIET")]


def test_tickers_lead_to_their_others_and_a_page_to_its_security(
    desk: Client, found: list[Anomaly]
) -> None:
    a = found[0].security_id
    assert f'<a href="{LIST}?security={a}">A</a>' in desk.get(LIST).content.decode()
    page = desk.get(page_of(found[0])).content.decode()
    link = reverse("admin:securities_security_change", args=[a])
    assert f'<a href="{link}">A &amp; Sons</a>' in page


def test_a_page_costs_no_query_a_row(
    desk: Client, found: list[Anomaly], django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as few:
        desk.get(LIST)
    for _ in range(30):
        jump(found[0].security, "120")
    with django_assert_num_queries(len(few)):
        desk.get(LIST)
