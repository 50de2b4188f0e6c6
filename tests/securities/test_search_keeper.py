import threading
import time
from collections.abc import Callable, Iterator
from unittest.mock import Mock

import pytest
from django.db import DatabaseError, connection
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from securities import services, version
from securities.models import Security
from securities.search import keeper as keeper_module
from securities.search import source
from securities.search.index import SearchIndex
from securities.search.keeper import (
    CHECK_SECONDS,
    CHECK_SECONDS_WITHOUT_REDIS,
    COMPARE_SECONDS,
    IndexKeeper,
)
from tests.conftest import set_active

Make = Callable[..., Security]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(clock: Clock, transactional_db: None) -> Iterator[IndexKeeper]:
    made = IndexKeeper(clock)
    yield made
    with made._checking:  # a check that is under way would meet the next test's database
        pass


def soon(keeper: IndexKeeper, query: str, found: int) -> bool:
    """Whether a search finds so many before five seconds have passed."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if len(keeper.index().search(query, 10)) == found:
            return True
        time.sleep(0.01)
    return False


def test_it_builds_once_and_then_serves_from_memory(
    keeper: IndexKeeper, clock: Clock, security: Make, django_assert_num_queries: object
) -> None:
    security("AAPL")
    first = keeper.index()
    assert first.search("aapl", 5) == [Security.objects.get().pk]
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert keeper.index() is first


def test_a_change_is_found_a_second_later_not_before(
    keeper: IndexKeeper, clock: Clock, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "PATIENCE_SECONDS", 20.0)
    security("AAPL")
    keeper.index()
    security("MSFT")
    version.bump()
    clock.now += CHECK_SECONDS * 0.9
    assert keeper.index().search("msft", 5) == []
    clock.now += CHECK_SECONDS * 0.2
    assert len(keeper.index().search("msft", 5)) == 1  # who asked has waited for it


def test_activation_and_rename_change_what_is_found(
    keeper: IndexKeeper, clock: Clock, security: Make
) -> None:
    facebook = security("FB", name="Facebook")
    keeper.index()
    entry = services.CatalogueEntry("META", "Meta Platforms", "NASDAQ", "USD")
    services.security_update(security=facebook, entry=entry)
    clock.now += CHECK_SECONDS
    assert soon(keeper, "facebook", 0)
    assert soon(keeper, "meta", 1)
    set_active("META", active=False)
    clock.now += CHECK_SECONDS
    assert soon(keeper, "meta", 0)
    set_active("META", active=True)
    clock.now += CHECK_SECONDS
    assert soon(keeper, "meta", 1)


def test_while_nothing_changes_it_asks_redis_and_not_postgres(
    keeper: IndexKeeper, clock: Clock, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    first = keeper.index()
    monkeypatch.setattr(source, "fingerprint", lambda: asked.append("postgres"))
    for _ in range(20):
        clock.now += CHECK_SECONDS
        assert keeper.index() is first
    assert asked == []


def test_a_change_that_nobody_announced_is_found_in_the_end(
    keeper: IndexKeeper, clock: Clock, security: Make
) -> None:
    keeper.index()
    security("AAPL")
    clock.now += COMPARE_SECONDS
    assert soon(keeper, "aapl", 1)


def test_it_tells_everybody_of_a_change_that_nobody_announced_and_once(
    keeper: IndexKeeper, clock: Clock, security: Make
) -> None:
    renamed = security("AAPL")
    another = IndexKeeper(clock)
    for each in (keeper, another):
        each.index()
    before = version.current()
    Security.objects.filter(pk=renamed.pk).update(ticker="BBPL")
    clock.now += COMPARE_SECONDS
    assert soon(keeper, "bbpl", 1)
    told = version.current()
    clock.now += COMPARE_SECONDS
    assert soon(another, "bbpl", 1)
    for each in (keeper, another):
        clock.now += COMPARE_SECONDS
        each.index()
        with each._checking:  # it has looked
            pass
    assert told != before
    assert version.current() == told


def test_what_was_changed_past_us_while_redis_was_away_is_told_when_it_is_back(
    keeper: IndexKeeper, clock: Clock, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = security("AAPL")
    keeper.index()
    before = version.current()
    with monkeypatch.context() as away, capture_logs():
        away.setattr(version, "current", Mock(side_effect=RedisError))
        Security.objects.filter(pk=changed.pk).update(ticker="BBPL")
        clock.now += CHECK_SECONDS_WITHOUT_REDIS
        assert soon(keeper, "bbpl", 1)
    assert version.current() != before


def test_with_redis_away_it_searches_on_and_compares_by_time(
    keeper: IndexKeeper, clock: Clock, security: Make, redis_away: Callable[[], None]
) -> None:
    security("AAPL")
    keeper.index()
    redis_away()
    security("MSFT")
    clock.now += CHECK_SECONDS
    with capture_logs():
        assert len(keeper.index().search("aapl", 5)) == 1
        assert soon(keeper, "msft", 1)
        security("IBM")
        clock.now += CHECK_SECONDS_WITHOUT_REDIS * 0.9
        assert keeper.index().search("ibm", 5) == []
        clock.now += CHECK_SECONDS_WITHOUT_REDIS * 0.2
        assert soon(keeper, "ibm", 1)


def test_an_index_built_without_redis_takes_up_the_version_later(
    keeper: IndexKeeper, clock: Clock, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, capture_logs():
        patch.setattr("securities.search.keeper._current_version", lambda: None)
        first = keeper.index()
    clock.now += CHECK_SECONDS_WITHOUT_REDIS
    assert keeper.index() is first
    security("AAPL")
    version.bump()
    clock.now += CHECK_SECONDS
    assert soon(keeper, "aapl", 1)


def test_nobody_waits_for_a_long_build_and_only_one_is_made(
    keeper: IndexKeeper, clock: Clock, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    security("AAPL")
    old = keeper.index()
    may_finish, builds = threading.Event(), []

    def slow(rows: object) -> SearchIndex:
        builds.append(threading.current_thread().name)
        may_finish.wait(60)
        return SearchIndex(source.rows())

    monkeypatch.setattr("securities.search.keeper.SearchIndex", slow)
    security("MSFT")
    version.bump()
    clock.now += CHECK_SECONDS
    began = time.monotonic()
    for _ in range(50):
        assert keeper.index() is old
        clock.now += CHECK_SECONDS
    assert time.monotonic() - began < 30
    may_finish.set()
    assert soon(keeper, "msft", 1)
    assert builds == ["search-index"]


def test_many_first_searches_at_once_make_one_build(
    keeper: IndexKeeper, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    security("AAPL")
    builds: list[int] = []
    found: list[SearchIndex] = []

    def counted(rows: object) -> SearchIndex:
        builds.append(1)
        time.sleep(0.05)
        return SearchIndex(source.rows())

    def search() -> None:
        found.append(keeper.index())
        connection.close()

    monkeypatch.setattr("securities.search.keeper.SearchIndex", counted)
    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(builds), len(found), len(set(map(id, found)))) == (1, 8, 1)


def test_a_build_that_fails_leaves_the_old_index_and_is_tried_again(
    keeper: IndexKeeper, clock: Clock, security: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keeper.index()
    security("AAPL")
    version.bump()
    clock.now += CHECK_SECONDS
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(source, "rows", _fail)
        assert keeper.index() is old
        with keeper._checking:
            pass
    assert "search_index_not_renewed" in [log["event"] for log in logs]
    clock.now += CHECK_SECONDS
    assert soon(keeper, "aapl", 1)


def test_the_fingerprint_changes_with_every_change_that_matters(
    security: Make, transactional_db: None
) -> None:
    seen = [source.fingerprint()]
    security("AAPL", name="Apple")
    seen.append(source.fingerprint())
    Security.objects.update(name="Apples")
    seen.append(source.fingerprint())
    Security.objects.update(ticker="APL")
    seen.append(source.fingerprint())
    set_active("APL", active=False)
    assert source.fingerprint() == seen[0]
    assert len(set(seen)) == 4


def _fail() -> Iterator[object]:
    raise DatabaseError("away")
