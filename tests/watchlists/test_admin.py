import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from securities.admin import SecurityAdmin
from securities.models import Security
from watchlists.models import Watchlist
from watchlists.services import watchlist_add_security


@pytest.fixture
def office(client: Client, staff: User) -> Client:
    """The admin site, entered by somebody who may do everything."""
    staff.is_superuser = True
    staff.save()
    client.force_login(staff)
    return client


@pytest.fixture
def watchlist(alice: User, security: Callable[..., Security]) -> Watchlist:
    for ticker in ("AAPL", "MSFT"):
        security(ticker)
        watchlist_add_security(user_id=alice.pk, ticker=ticker)
    return Watchlist.objects.get()


def test_lists_are_found_by_user_with_their_sizes(office: Client, watchlist: Watchlist) -> None:
    page = office.get(reverse("admin:watchlists_watchlist_changelist"), {"q": "alice"})
    assert "alice" in page.content.decode()
    assert '<td class="field-item_count">2</td>' in page.content.decode()


def test_sizes_are_counted_for_the_lists_that_are_shown_alone(
    office: Client, watchlist: Watchlist, bob: User
) -> None:
    Watchlist.objects.create(user=bob)
    with CaptureQueriesContext(connection) as asked:
        page = office.get(reverse("admin:watchlists_watchlist_changelist"), {"o": "4"})
    assert re.findall(r'"field-item_count">(\d+)<', page.content.decode()) == ["0", "2"]
    assert not any('JOIN "watchlists_watchlistitem"' in each["sql"] for each in asked)


def test_the_overview_costs_the_same_for_many_lists(
    office: Client, watchlist: Watchlist, bob: User, django_assert_max_num_queries: Any
) -> None:
    watchlist_add_security(user_id=bob.pk, ticker="AAPL")
    with django_assert_max_num_queries(7):
        office.get(reverse("admin:watchlists_watchlist_changelist"))


def test_a_list_can_be_looked_at_but_not_edited(office: Client, watchlist: Watchlist) -> None:
    address = reverse("admin:watchlists_watchlist_change", args=[watchlist.pk])
    page = office.get(address).content.decode()
    assert "AAPL" in page
    assert '<input type="text"' not in page
    assert office.post(address, {"name": "Mine now"}).status_code == 403
    assert office.get(reverse("admin:watchlists_watchlist_add")).status_code == 403


def test_the_page_of_securities_says_on_how_many_lists_each_stands(
    office: Client, watchlist: Watchlist, bob: User, security: Callable[..., Security]
) -> None:
    watchlist_add_security(user_id=bob.pk, ticker="AAPL")
    security("IBM")
    address = reverse("admin:securities_security_changelist")
    page = office.get(
        address, {"o": "-9"}
    ).content.decode()  # by the ninth column, the largest first
    assert re.findall(r'"field-watchers">(\d+)<', page) == ["2", "1", "0"]
    apple = reverse(
        "admin:securities_security_change", args=[Security.objects.get(ticker="AAPL").pk]
    )
    assert re.search(
        r'field-watchers.*?class="readonly">2<', office.get(apple).content.decode(), re.DOTALL
    )


def test_who_watches_is_no_business_of_securities(rf: RequestFactory, staff: User) -> None:
    """Their own page works without watchlists."""
    request = rf.get("/")
    request.user = staff
    rows = SecurityAdmin(Security, admin.site).get_queryset(request)
    assert "watchlist" not in str(rows.query)


@pytest.mark.django_db(transaction=True)
def test_deleting_lists_is_announced(
    office: Client, watchlist: Watchlist, alice: User, heard: Any
) -> None:
    heard.clear()
    office.post(
        reverse("admin:watchlists_watchlist_changelist"),
        {"action": "delete_selected", "_selected_action": [watchlist.pk], "post": "yes"},
    )
    assert not Watchlist.objects.exists()
    assert heard.users == [alice.pk]


@pytest.mark.django_db(transaction=True)
def test_deleting_one_list_is_announced(
    office: Client, watchlist: Watchlist, alice: User, heard: Any
) -> None:
    heard.clear()
    office.post(reverse("admin:watchlists_watchlist_delete", args=[watchlist.pk]), {"post": "yes"})
    assert not Watchlist.objects.exists()
    assert heard.users == [alice.pk]
