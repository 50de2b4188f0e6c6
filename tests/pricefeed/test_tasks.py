"""What Beat triggers and staff start by hand: what it does, and says when it fails."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection
from redis.exceptions import RedisError

from pricefeed import tasks
from pricefeed.delivery.latest import LatestWriter
from pricefeed.models import Feed, Tick
from pricefeed.recording import locks
from pricefeed.sources.registry import configured_source
from securities.models import Security

pytestmark = pytest.mark.django_db(transaction=True)
Replay = Callable[[str], Path]
Log = Callable[[], list[tuple[str, str]]]

TWO_TICKS = "time,ticker,price\n2026-01-02T14:30:00Z,AAPL,187.32\n2026-01-02T14:30:00Z,NEWCO,5\n"


@pytest.fixture(autouse=True)
def feed() -> Feed:
    return Feed.objects.get_or_create()[0]


@pytest.fixture
def aapl(security: Callable[..., Security]) -> Security:
    return security("AAPL")


@pytest.fixture(autouse=True)
def source_of_this_test() -> Iterator[None]:
    configured_source.cache_clear()
    yield
    configured_source.cache_clear()


@pytest.fixture
def replay(settings: Any, tmp_path: Path) -> Replay:
    """Prices come from a file with these lines."""

    def use(lines: str) -> Path:
        settings.PRICE_SOURCE, settings.REPLAY_FILE = "replay", tmp_path / "ticks.csv"
        settings.REPLAY_FILE.write_text(lines)
        configured_source.cache_clear()
        return settings.REPLAY_FILE  # type: ignore[no-any-return]

    return use


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    """Level and name of everything that the tasks have logged."""
    return lambda: [
        (record.levelname, record.msg["event"])  # type: ignore[index]
        for record in caplog.records
        if record.name == tasks.__name__
    ]


@pytest.fixture
def under_way() -> Iterator[None]:
    """Another process is in the middle of a run."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [locks.FEED])
        yield
        cursor.execute("SELECT pg_advisory_unlock(%s)", [locks.FEED])
    other.close()


@pytest.fixture
def redis_away(settings: Any) -> Iterator[None]:
    original = settings.REDIS_URL
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
        yield
        settings.REDIS_URL = original


def test_a_run_records_and_says_how_much(aapl: Security, replay: Replay, log: Log) -> None:
    replay(TWO_TICKS)
    tasks.update_prices()
    assert Tick.objects.filter(security=aapl).count() == 1
    assert log() == [("INFO", "prices_updated")]


def test_a_run_for_a_period_that_has_had_its_own_is_silent(
    aapl: Security, replay: Replay, log: Log
) -> None:
    replay(TWO_TICKS)
    tasks.update_prices()
    tasks.update_prices()
    assert log() == [("INFO", "prices_updated")]


def test_a_run_while_another_is_under_way_does_nothing(
    aapl: Security, replay: Replay, log: Log, under_way: None
) -> None:
    replay(TWO_TICKS)
    tasks.update_prices()
    assert (Feed.objects.get().sequence, log()) == (0, [])


def test_a_source_that_may_get_better_is_a_warning(
    aapl: Security, replay: Replay, log: Log
) -> None:
    replay(TWO_TICKS).unlink()
    tasks.update_prices()
    assert log() == [("WARNING", "prices_not_fetched")]


def test_a_source_that_cannot_get_better_is_an_error(
    aapl: Security, replay: Replay, log: Log
) -> None:
    replay("time,ticker,price\nyesterday,AAPL,10\n")
    tasks.update_prices()
    assert log() == [("ERROR", "prices_not_fetched")]


def test_settings_that_make_no_source_are_an_error_each_period(settings: Any, log: Log) -> None:
    settings.PRICE_SOURCE, settings.REPLAY_FILE = "replay", None
    tasks.update_prices()
    tasks.load_new_securities()
    assert log() == [("ERROR", "prices_not_fetched"), ("ERROR", "catalogue_not_read")]


def test_after_a_source_has_failed_the_next_period_is_as_any_other(
    aapl: Security, replay: Replay, log: Log, settings: Any
) -> None:
    settings.PRICE_UPDATE_SECONDS = 0
    path = replay(TWO_TICKS)
    path.rename(path.with_suffix(".away"))
    tasks.update_prices()
    path.with_suffix(".away").rename(path)
    tasks.update_prices()
    assert log() == [("WARNING", "prices_not_fetched"), ("INFO", "prices_updated")]


def test_redis_away_is_one_error_and_the_next_run_publishes(
    aapl: Security, settings: Any, log: Log, request: pytest.FixtureRequest
) -> None:
    settings.PRICE_UPDATE_SECONDS = 0
    original = settings.REDIS_URL
    request.getfixturevalue("redis_away")
    tasks.update_prices()
    assert log() == [("ERROR", "prices_not_updated")]
    assert Feed.objects.get().sequence == 1
    settings.REDIS_URL = original
    assert LatestWriter().mark() is None
    tasks.update_prices()
    mark = LatestWriter().mark()
    assert mark is not None
    assert mark.sequence == Feed.objects.get().sequence >= 1


@pytest.mark.parametrize(
    ("job", "service"),
    [
        (tasks.update_prices, "services.prices_update"),
        (tasks.load_new_securities, "services.securities_update"),
        (tasks.ask_for_recorders, "recorders.recorders_ask"),
        (tasks.push_simulated_ticks, "simulation.simulated_push"),
        (tasks.maintain_history, "services.history_maintain"),
        (partial(tasks.record_pushed_ticks, 3), "recorders.pushed_record"),
    ],
)
@pytest.mark.parametrize("error", [OperationalError, InterfaceError, RedisError, ConnectionError])
def test_what_is_away_is_one_error_and_no_traceback(
    job: Callable[[], None],
    service: str,
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
) -> None:
    monkeypatch.setattr(f"pricefeed.{service}", Mock(side_effect=error("away")))
    job()
    ((level, _),) = log()
    assert level == "ERROR"


def test_a_batch_that_could_not_be_recorded_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = Mock(side_effect=OperationalError("away"))
    monkeypatch.setattr(tasks.recorders, "pushed_record", away)
    tasks.record_pushed_ticks(3)
    (line,) = (each.msg for each in caplog.records if each.name == tasks.__name__)
    assert (line["event"], line["partition"]) == ("ticks_not_recorded", 3)


def test_a_fault_of_our_own_is_not_taken_for_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise TypeError

    monkeypatch.setattr(tasks.services, "prices_update", broken)
    with pytest.raises(TypeError):
        tasks.update_prices()


def test_new_securities_are_added_and_what_staff_have_changed_stays(
    aapl: Security, replay: Replay, log: Log
) -> None:
    Security.objects.filter(pk=aapl.pk).update(name="Renamed by staff", is_active=False)
    replay(TWO_TICKS)
    tasks.load_new_securities()
    tasks.load_new_securities()
    assert list(Security.objects.order_by("ticker").values_list("ticker", "name", "is_active")) == [
        ("AAPL", "Renamed by staff", False),
        ("NEWCO", "NEWCO", True),
    ]
    assert log() == [("INFO", "securities_loaded")] * 2


def test_a_new_security_has_a_price_after_the_next_run(replay: Replay, settings: Any) -> None:
    settings.PRICE_UPDATE_SECONDS = 0
    replay(TWO_TICKS)
    tasks.load_new_securities()
    tasks.update_prices()
    assert {tick.security.ticker for tick in Tick.objects.select_related("security")} >= {"NEWCO"}


def test_a_catalogue_that_cannot_be_read_now_is_a_warning(replay: Replay, log: Log) -> None:
    replay(TWO_TICKS).unlink()
    tasks.load_new_securities()
    assert log() == [("WARNING", "catalogue_not_read")]
    assert not Security.objects.exists()


def run_by_hand() -> str:
    said = StringIO()
    call_command("update_prices", stdout=said)
    return said.getvalue()


def test_a_run_by_hand_says_what_it_did_and_asks_for_no_period(
    aapl: Security, replay: Replay
) -> None:
    replay(TWO_TICKS)
    assert run_by_hand() == "1 ticks recorded, 1 quotes published.\n"
    assert run_by_hand() == "0 ticks recorded, 0 quotes published.\n"


def test_a_run_by_hand_beside_another_is_refused(replay: Replay, under_way: None) -> None:
    replay(TWO_TICKS)
    with pytest.raises(CommandError, match="Another run is under way"):
        run_by_hand()


def test_a_run_by_hand_says_why_the_source_fails(replay: Replay) -> None:
    replay("time,ticker,price\nyesterday,AAPL,10\n")
    with pytest.raises(CommandError, match="line 2"):
        run_by_hand()
