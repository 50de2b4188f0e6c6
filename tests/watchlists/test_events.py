"""An edit is announced after its commit, and never fails because of the announcement."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts.models import User
from rest import owed
from securities.models import Security
from securities.selectors import SecurityUnknown
from tests.conftest import wait_for_debts
from tests.watchlists.conftest import watched_tickers
from watchlists import events
from watchlists.services import (
    WatchlistFullError,
    watchlist_add_security,
    watchlist_remove_security,
    watchlists_delete,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def securities(security: Callable[..., Security], monkeypatch: pytest.MonkeyPatch) -> None:
    for ticker in "AB":
        security(ticker)
    monkeypatch.setattr(events._edits, "retry_seconds", 0.02)


def test_a_refused_edit_is_not_announced(alice: User, heard: Any, settings: Settings) -> None:
    with pytest.raises(SecurityUnknown):
        watchlist_add_security(user_id=alice.pk, ticker="NOPE")
    watchlist_add_security(user_id=alice.pk, ticker="A")
    settings.WATCHLIST_MAX_ITEMS = 1
    with pytest.raises(WatchlistFullError):
        watchlist_add_security(user_id=alice.pk, ticker="B")
    assert heard.users == [alice.pk]


def test_an_edit_that_is_rolled_back_is_not_announced(alice: User, heard: Any) -> None:
    with transaction.atomic():
        watchlist_add_security(user_id=alice.pk, ticker="A")
        transaction.set_rollback(True)
    assert heard == []


def test_every_edit_is_announced_with_its_user(alice: User, bob: User, heard: Any) -> None:
    watchlist_add_security(user_id=alice.pk, ticker="A")
    watchlist_add_security(user_id=alice.pk, ticker="B", position=0)
    watchlist_remove_security(user_id=alice.pk, ticker="A")
    watchlist_add_security(user_id=bob.pk, ticker="A")
    watchlists_delete(watchlist_ids=list(bob.watchlists.values_list("pk", flat=True)))
    assert heard.users == [alice.pk] * 3 + [bob.pk] * 2
    assert heard[0] == {"type": "watchlist.edited", "user": alice.pk}


def test_adding_what_is_there_announces_nothing(alice: User, heard: Any) -> None:
    for _ in range(2):
        watchlist_add_security(user_id=alice.pk, ticker="A")
    assert heard.users == [alice.pk]


def test_who_hears_of_an_edit_reads_the_new_list(
    alice: User, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched_tickers(alice.pk)
    seen = []

    def reading(group: str, message: dict[str, Any]) -> None:
        seen.append(watched_tickers(message["user"]))

    monkeypatch.setattr(events, "send_to_group", reading)
    watchlist_add_security(user_id=alice.pk, ticker="A")
    assert seen == [["A"]]


def test_an_edit_without_redis_succeeds_and_is_announced_when_redis_is_back(
    alice: User,
    bob: User,
    heard: Any,
    redis_goes: Callable[[], None],
    redis_comes: Callable[[], None],
) -> None:
    assert watched_tickers(alice.pk) == []  # stored, and old from now on
    redis_goes()
    watchlist_add_security(user_id=alice.pk, ticker="A")
    watchlist_add_security(user_id=bob.pk, ticker="B")
    assert heard == []
    redis_comes()
    wait_for_debts(events._edits)
    assert sorted(heard.users) == [alice.pk, bob.pk]
    assert watched_tickers(alice.pk) == ["A"]


def test_announcements_are_given_up_when_stored_lists_have_expired(
    alice: User, heard: Any, redis_goes: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events._edits, "_seconds", 0.05)
    redis_goes()
    watchlist_add_security(user_id=alice.pk, ticker="A")
    wait_for_debts(events._edits)
    assert heard == []


def test_a_layer_that_does_not_answer_holds_an_edit_only_for_a_moment(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mute:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            await asyncio.sleep(60)

    monkeypatch.setattr(owed, "get_channel_layer", Mute)
    monkeypatch.setattr(owed, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(events._edits, "_seconds", 0.05)
    watchlist_add_security(user_id=alice.pk, ticker="A")
    wait_for_debts(events._edits)
    assert watched_tickers(alice.pk) == ["A"]


def test_a_process_that_dies_right_after_the_commit_leaves_no_old_list(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watched_tickers(alice.pk) == []
    monkeypatch.setattr(events._edits, "_say_or_owe", lambda _: None)
    watchlist_add_security(user_id=alice.pk, ticker="A")
    assert watched_tickers(alice.pk) == ["A"]
