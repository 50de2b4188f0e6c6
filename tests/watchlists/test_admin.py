from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
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
