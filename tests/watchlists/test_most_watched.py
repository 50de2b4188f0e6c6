"""Which securities are watched, and by how many."""

from typing import Any

from accounts.models import User
from tests.conftest import MakeSecurity
from watchlists.selectors import most_watched
from watchlists.services import watchlist_add_security


def add(user: User, *tickers: str) -> None:
    for ticker in tickers:
        watchlist_add_security(user_id=user.pk, ticker=ticker)


def test_the_most_watched_come_first_and_the_unwatched_not_at_all(
    alice: User, bob: User, security: MakeSecurity, django_assert_num_queries: Any
) -> None:
    for ticker in ("A", "B", "C", "ALONE"):
        security(ticker)
    add(alice, "C", "B", "A")
    add(bob, "B")
    with django_assert_num_queries(1):
        assert most_watched(limit=10) == [("B", 2), ("A", 1), ("C", 1)]
    assert most_watched(limit=2) == [("B", 2), ("A", 1)]


def test_inactive_securities_are_nobodys(alice: User, security: MakeSecurity) -> None:
    gone = security("GONE")
    add(alice, "GONE")
    gone.is_active = False
    gone.save()
    assert most_watched(limit=10) == []
