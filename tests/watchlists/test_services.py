from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from securities.models import Security
from securities.selectors import SecurityUnknown
from tests.conftest import set_active
from watchlists.models import Watchlist, WatchlistItem
from watchlists.selectors import watchlist_items
from watchlists.services import (
    NotOnWatchlistError,
    WatchlistFullError,
    watchlist_add_security,
    watchlist_remove_security,
    watchlists_delete,
)


def tickers(user: User) -> list[str]:
    return [item.security.ticker for item in watchlist_items(user.pk)]


@pytest.fixture
def five(security: Callable[..., Security], alice: User) -> str:
    """Alice watches A, B, C, D and E, in this order; X is not on her list."""
    for ticker in "ABCDEX":
        security(ticker)
    for ticker in "ABCDE":
        watchlist_add_security(user_id=alice.pk, ticker=ticker)
    return "ABCDE"


def test_an_unknown_ticker_is_refused_and_makes_no_list(alice: User) -> None:
    with pytest.raises(SecurityUnknown):
        watchlist_add_security(user_id=alice.pk, ticker="NOPE")
    assert not Watchlist.objects.exists()


def test_an_inactive_security_is_refused_like_an_unknown_one(
    alice: User, security: Callable[..., Security]
) -> None:
    security("GONE", is_active=False)
    with pytest.raises(SecurityUnknown):
        watchlist_add_security(user_id=alice.pk, ticker="GONE")
    assert not WatchlistItem.objects.exists()


def test_a_security_that_was_deactivated_on_the_list_may_be_added_again_and_moved(
    alice: User, five: str
) -> None:
    set_active("C", active=False)
    assert watchlist_add_security(user_id=alice.pk, ticker="C")[1] is False
    assert watchlist_add_security(user_id=alice.pk, ticker="C", position=0)[1] is False
    assert "".join(tickers(alice)) == "CABDE"


def test_a_full_list_refuses_one_more_but_not_what_it_has(
    alice: User, five: str, settings: Settings
) -> None:
    settings.WATCHLIST_MAX_ITEMS = 5
    with pytest.raises(WatchlistFullError, match="at most 5"):
        watchlist_add_security(user_id=alice.pk, ticker="X")
    assert "".join(tickers(alice)) == "ABCDE"
    assert watchlist_add_security(user_id=alice.pk, ticker="C")[1] is False
    watchlist_add_security(user_id=alice.pk, ticker="C", position=0)
    assert "".join(tickers(alice)) == "CABDE"


@pytest.mark.parametrize("text", ["X", "a\0b", "", "A" * 500, "GONE"])
def test_removing_what_is_not_on_the_list_is_refused(
    alice: User, five: str, security: Callable[..., Security], text: str
) -> None:
    security("GONE", is_active=False)
    with pytest.raises(NotOnWatchlistError):
        watchlist_remove_security(user_id=alice.pk, ticker=text)
    assert "".join(tickers(alice)) == "ABCDE"


def test_removing_without_any_list_is_refused(alice: User) -> None:
    with pytest.raises(NotOnWatchlistError):
        watchlist_remove_security(user_id=alice.pk, ticker="A")


def test_new_securities_go_to_the_end(five: str, alice: User) -> None:
    assert "".join(tickers(alice)) == "ABCDE"


def test_adding_twice_is_not_an_error_and_moves_nothing(five: str, alice: User) -> None:
    item, created = watchlist_add_security(user_id=alice.pk, ticker="b")
    assert not created
    assert item.security.ticker == "B"
    assert "".join(tickers(alice)) == "ABCDE"


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, "XABCDE"), (2, "ABXCDE"), (4, "ABCDXE"), (5, "ABCDEX"), (999, "ABCDEX")],
)
def test_a_position_inserts_and_shifts_what_follows(
    five: str, alice: User, place: int, expected: str
) -> None:
    watchlist_add_security(user_id=alice.pk, ticker="X", position=place)
    assert "".join(tickers(alice)) == expected


@pytest.mark.parametrize(
    ("ticker", "place", "expected"),
    [
        ("A", 4, "BCDEA"),
        ("E", 0, "EABCD"),
        ("B", 3, "ACDBE"),
        ("D", 1, "ADBCE"),
        ("C", 2, "ABCDE"),
        ("C", 99, "ABDEC"),
    ],
)
def test_a_position_moves_what_is_on_the_list(
    five: str, alice: User, ticker: str, place: int, expected: str
) -> None:
    _, created = watchlist_add_security(user_id=alice.pk, ticker=ticker, position=place)
    assert not created
    assert "".join(tickers(alice)) == expected


@pytest.mark.parametrize("removed", ["A", "C", "E", "ABC", "CDE", "BD"])
def test_undoing_removals_puts_everything_back_in_its_place(
    five: str, alice: User, removed: str
) -> None:
    places = []
    for ticker in removed:
        there, _ = watchlist_add_security(user_id=alice.pk, ticker=ticker)
        places.append((ticker, there.position))
        watchlist_remove_security(user_id=alice.pk, ticker=ticker)
    for ticker, place in reversed(places):
        watchlist_add_security(user_id=alice.pk, ticker=ticker, position=place)
    assert "".join(tickers(alice)) == "ABCDE"


def test_undoing_a_removal_rewrites_no_other_row(
    five: str, alice: User, django_assert_num_queries: Any
) -> None:
    watchlist_remove_security(user_id=alice.pk, ticker="B")
    before = set(WatchlistItem.objects.values_list("pk", "position"))
    watchlist_add_security(user_id=alice.pk, ticker="B", position=1)
    assert before <= set(WatchlistItem.objects.values_list("pk", "position"))


def test_positions_stay_unique_through_any_edits(five: str, alice: User) -> None:
    for ticker, place in (("X", 0), ("A", 3), ("E", 0), ("C", 5), ("X", 1)):
        watchlist_remove_security(user_id=alice.pk, ticker="D")
        watchlist_add_security(user_id=alice.pk, ticker=ticker, position=place)
        watchlist_add_security(user_id=alice.pk, ticker="D", position=2)
    stored = list(WatchlistItem.objects.values_list("position", flat=True))
    assert len(set(stored)) == len(stored)
    items = watchlist_items(alice.pk)
    assert [item.position for item in items] == list(range(6))
    for item in items:
        ticker = item.security.ticker
        assert watchlist_add_security(user_id=alice.pk, ticker=ticker) == (item, False)


def test_an_outsider_is_neither_seen_nor_touched(five: str, alice: User, bob: User) -> None:
    watchlist_add_security(user_id=bob.pk, ticker="A", position=0)
    assert tickers(bob) == ["A"]
    watchlist_remove_security(user_id=bob.pk, ticker="A")
    assert "".join(tickers(alice)) == "ABCDE"
    with pytest.raises(NotOnWatchlistError):
        watchlist_remove_security(user_id=bob.pk, ticker="B")


def test_only_the_default_list_is_served(five: str, alice: User) -> None:
    other = Watchlist.objects.create(user=alice, name="Other", is_default=False)
    WatchlistItem.objects.create(
        watchlist=other, security=Security.objects.get(ticker="X"), position=0
    )
    assert "".join(tickers(alice)) == "ABCDE"


def test_a_deleted_list_is_an_empty_one(five: str, alice: User, bob: User, heard: Any) -> None:
    watchlist_add_security(user_id=bob.pk, ticker="A")
    watchlists_delete(watchlist_ids=list(alice.watchlists.values_list("pk", flat=True)))
    assert tickers(alice) == []
    assert tickers(bob) == ["A"]
    watchlist_add_security(user_id=alice.pk, ticker="X")
    assert tickers(alice) == ["X"]
