"""Edits of one list at the same moment, from real threads with connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from rest.errors import ApiError
from securities.models import Security
from watchlists.models import Watchlist, WatchlistItem
from watchlists.services import watchlist_add_security, watchlist_remove_security

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 6


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Each call's result, or the ApiError it was refused with; they begin together."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        try:
            return call()
        except ApiError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def adding(user: User, ticker: str, position: int | None = None) -> Callable[[], bool]:
    return lambda: watchlist_add_security(user_id=user.pk, ticker=ticker, position=position)[1]


def test_many_first_adds_of_the_same_make_one_list_and_one_row(
    alice: User, security: Callable[..., Security]
) -> None:
    security("A")
    created = at_once(*[adding(alice, "A")] * THREADS)
    assert sorted(created) == [False] * (THREADS - 1) + [True]
    assert Watchlist.objects.count() == 1
    assert WatchlistItem.objects.count() == 1


def test_many_first_adds_of_different_ones_share_one_list(
    alice: User, security: Callable[..., Security]
) -> None:
    for ticker in "ABCDEF":
        security(ticker)
    assert at_once(*[adding(alice, ticker, 0) for ticker in "ABCDEF"]) == [True] * 6
    assert Watchlist.objects.count() == 1
    positions = list(WatchlistItem.objects.values_list("position", flat=True))
    assert sorted(positions) == list(range(6))


def test_the_limit_holds_when_everybody_wants_the_last_place(
    alice: User, security: Callable[..., Security], settings: Settings
) -> None:
    settings.WATCHLIST_MAX_ITEMS = 3
    for ticker in "ABCDEFGH":
        security(ticker)
    for ticker in "AB":
        watchlist_add_security(user_id=alice.pk, ticker=ticker)
    results = at_once(*[adding(alice, ticker) for ticker in "CDEFGH"])
    assert results.count(True) == 1
    refused = [result for result in results if isinstance(result, ApiError)]
    assert [refusal.code for refusal in refused] == ["watchlist_full"] * 5
    assert WatchlistItem.objects.count() == 3


def test_of_many_removals_of_the_same_one_succeeds(
    alice: User, security: Callable[..., Security]
) -> None:
    security("A")
    watchlist_add_security(user_id=alice.pk, ticker="A")
    results = at_once(*[lambda: watchlist_remove_security(user_id=alice.pk, ticker="A")] * THREADS)
    refused = [result for result in results if isinstance(result, ApiError)]
    assert [refusal.code for refusal in refused] == ["not_on_watchlist"] * (THREADS - 1)
    assert not WatchlistItem.objects.exists()


def test_what_was_added_is_the_answer_whoever_removes_it_in_the_next_moment(
    alice: User,
    api: Callable[..., APIClient],
    security: Callable[..., Security],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    security("A")
    removing = [lambda: watchlist_remove_security(user_id=alice.pk, ticker="A")]

    def announced(_: int) -> None:
        while removing:
            transaction.on_commit(removing.pop())

    monkeypatch.setattr("watchlists.services.announce_edit", announced)
    answer = api(alice).put("/api/v1/watchlist/A", {})
    assert (answer.status_code, answer.json()["position"]) == (201, 0)
    assert not WatchlistItem.objects.exists()
