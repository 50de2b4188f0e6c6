"""Users' lists of tickers: read from Redis, never older than the last edit."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from securities import version
from securities.models import Security
from securities.redis_client import redis_client
from tests.conftest import set_active
from tests.watchlists.conftest import watched_tickers
from watchlists import cache, selectors
from watchlists.selectors import watched_tickers_many
from watchlists.services import watchlist_add_security, watchlist_remove_security

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def watched(security: Callable[..., Security], alice: User) -> None:
    """Alice watches B, A; C is there to be added."""
    for ticker in "ABC":
        security(ticker)
    for ticker in "BA":
        watchlist_add_security(user_id=alice.pk, ticker=ticker)


@pytest.fixture(autouse=True)
def tombstones_fade(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits made before a test shall not keep it from storing."""
    monkeypatch.setattr(cache, "TOMBSTONE_SECONDS", 2)


def fade(*users: User) -> None:
    """As when the tombstones' time is over."""
    redis_client().delete(*[cache._key(user.pk) for user in users])


def test_active_tickers_come_by_position(alice: User) -> None:
    assert watched_tickers(alice.pk) == ["B", "A"]
    watchlist_add_security(user_id=alice.pk, ticker="C", position=0)
    assert watched_tickers(alice.pk) == ["C", "B", "A"]


def test_the_second_read_asks_postgres_nothing(alice: User, django_assert_num_queries: Any) -> None:
    fade(alice)
    with django_assert_num_queries(1):
        watched_tickers(alice.pk)
    with django_assert_num_queries(0):
        assert watched_tickers(alice.pk) == ["B", "A"]


def test_an_empty_list_is_remembered_too(bob: User, django_assert_num_queries: Any) -> None:
    assert watched_tickers(bob.pk) == []
    with django_assert_num_queries(0):
        assert watched_tickers(bob.pk) == []


def test_many_users_cost_one_query_for_those_not_known(
    alice: User, bob: User, django_assert_num_queries: Any
) -> None:
    fade(alice)
    watched_tickers(alice.pk)
    ids = [bob.pk, alice.pk, 10**9, bob.pk]
    with django_assert_num_queries(1):
        lists = watched_tickers_many(ids)
    assert lists == {bob.pk: [], alice.pk: ["B", "A"], 10**9: []}
    with django_assert_num_queries(0):
        assert watched_tickers_many(ids) == lists
        assert watched_tickers_many([]) == {}


def test_every_edit_is_seen_by_the_next_read(alice: User) -> None:
    fade(alice)
    watched_tickers(alice.pk)
    watchlist_add_security(user_id=alice.pk, ticker="C")
    assert watched_tickers(alice.pk) == ["B", "A", "C"]
    watchlist_add_security(user_id=alice.pk, ticker="C", position=0)
    assert watched_tickers(alice.pk) == ["C", "B", "A"]
    watchlist_remove_security(user_id=alice.pk, ticker="B")
    assert watched_tickers(alice.pk) == ["C", "A"]


def test_a_reader_overtaken_by_an_edit_does_not_store_the_old_list(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fade(alice)
    read = selectors._tickers_from_postgres

    def overtaken(user_ids: list[int]) -> dict[int, list[str]]:
        old = read(user_ids)
        monkeypatch.setattr(selectors, "_tickers_from_postgres", read)
        watchlist_add_security(user_id=alice.pk, ticker="C")
        return old

    monkeypatch.setattr(selectors, "_tickers_from_postgres", overtaken)
    assert watched_tickers(alice.pk) == ["B", "A"]  # it began before the edit
    assert watched_tickers(alice.pk) == ["B", "A", "C"]


def test_a_reader_that_outlived_the_tombstone_does_not_store(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fade(alice)
    read = selectors._tickers_from_postgres
    clock = time.monotonic

    def slow(user_ids: list[int]) -> dict[int, list[str]]:
        old = read(user_ids)
        watchlist_add_security(user_id=alice.pk, ticker="C")
        fade(alice)
        monkeypatch.setattr(time, "monotonic", lambda: clock() + cache.TOMBSTONE_SECONDS)
        return old

    with monkeypatch.context() as patch:
        patch.setattr(selectors, "_tickers_from_postgres", slow)
        watched_tickers(alice.pk)
    assert watched_tickers(alice.pk) == ["B", "A", "C"]


def test_deactivating_a_security_takes_it_off_every_list_and_back(alice: User) -> None:
    fade(alice)
    assert watched_tickers(alice.pk) == ["B", "A"]
    set_active("B", active=False)
    assert watched_tickers(alice.pk) == ["A"]
    set_active("B", active=True)
    assert watched_tickers(alice.pk) == ["B", "A"]


def test_a_new_catalogue_does_not_end_caching(alice: User, django_assert_num_queries: Any) -> None:
    fade(alice)
    watched_tickers(alice.pk)
    version.bump()
    with django_assert_num_queries(1):
        watched_tickers(alice.pk)
    with django_assert_num_queries(0):
        assert watched_tickers(alice.pk) == ["B", "A"]


def test_lists_expire_by_themselves(alice: User) -> None:
    fade(alice)
    watched_tickers(alice.pk)
    left: Any = redis_client().ttl(cache._key(alice.pk))
    assert 0 < left <= 600


def test_without_redis_lists_come_from_postgres(
    alice: User, redis_goes: Callable[[], None]
) -> None:
    redis_goes()
    assert watched_tickers(alice.pk) == ["B", "A"]
    assert watched_tickers_many([alice.pk]) == {alice.pk: ["B", "A"]}


def test_redis_going_between_read_and_store_is_no_error(
    alice: User, redis_goes: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fade(alice)
    read = selectors._tickers_from_postgres

    def interrupted(user_ids: list[int]) -> dict[int, list[str]]:
        redis_goes()
        return read(user_ids)

    monkeypatch.setattr(selectors, "_tickers_from_postgres", interrupted)
    assert watched_tickers(alice.pk) == ["B", "A"]
