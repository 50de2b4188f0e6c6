import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from pricefeed import partitions
from pricefeed.partitions import (
    CANDLES_1M,
    CANDLES_5M,
    TICKS,
    DailyPartitions,
    ensure_partitions_of,
    maintain_partitions,
)
from tests.conftest import in_thread
from tests.pricefeed.conftest import drop_history

NOW = datetime(2031, 5, 17, 23, 59, tzinfo=UTC)
DAY = date(2031, 5, 17)


@pytest.fixture
def no_partitions(transactional_db: None) -> Iterator[None]:
    """None left behind, either: what is committed here outlives the test."""
    yield
    drop_history()


def insert(at: datetime, *, sequence: int = 1) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO pricefeed_tick VALUES (1, %s, %s, 1.5)", [at, sequence])


def days(first: date, count: int) -> set[date]:
    return {first + timedelta(days=n) for n in range(count)}


@pytest.mark.django_db
def test_a_partition_holds_exactly_one_utc_day() -> None:
    ensure_partitions_of({DAY})
    insert(datetime(2031, 5, 17, tzinfo=UTC))
    insert(datetime(2031, 5, 17, 23, 59, 59, 999999, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pricefeed_tick_20310517")
        assert cursor.fetchone() == (2,)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "key"),
    [
        (TICKS, "(security_id, at, sequence)"),
        (CANDLES_1M, "(security_id, start)"),
        (CANDLES_5M, "(security_id, start)"),
    ],
    ids=lambda value: getattr(value, "table", ""),
)
def test_a_partition_has_the_key_of_its_parent(table: DailyPartitions, key: str) -> None:
    ensure_partitions_of({DAY})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisprimary, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = %s::regclass",
            [table.name(DAY)],
        )
        [(is_primary, definition)] = cursor.fetchall()
    assert is_primary
    assert definition.endswith(key)


@pytest.mark.django_db
def test_making_partitions_again_is_no_error() -> None:
    for wanted in ({DAY}, {DAY, DAY + timedelta(days=1)}):
        ensure_partitions_of(wanted)
    assert TICKS.existing() >= days(DAY, 2)


def test_what_the_process_has_seen_committed_costs_no_query(
    no_partitions: None, django_assert_num_queries: Any
) -> None:
    ahead = {datetime.now(UTC).date() + timedelta(days=1)}
    ensure_partitions_of(ahead)
    with django_assert_num_queries(0):
        ensure_partitions_of(ahead)


def test_a_partition_that_was_rolled_back_is_made_again(no_partitions: None) -> None:
    with transaction.atomic():
        ensure_partitions_of({DAY})
        transaction.set_rollback(True)
    assert TICKS.existing() == set()
    with transaction.atomic():
        ensure_partitions_of({DAY})
        insert(NOW)


def test_a_day_that_another_process_dropped_as_expired_is_made_again(no_partitions: None) -> None:
    old = datetime.now(UTC).date() - timedelta(days=400)
    ensure_partitions_of({old})
    in_thread(lambda: connection.cursor().execute(f"DROP TABLE {TICKS.name(old)}"))
    ensure_partitions_of({old})
    assert TICKS.existing() == {old}


def test_many_at_once_make_each_partition_once(no_partitions: None) -> None:
    barrier = threading.Barrier(6)

    def ensure() -> None:
        barrier.wait(10)
        in_thread(lambda: ensure_partitions_of(days(DAY, 4)))

    with ThreadPoolExecutor(6) as pool:
        for made in [pool.submit(ensure) for _ in range(6)]:
            made.result(20)
    assert TICKS.existing() == days(DAY, 4)


def test_making_a_partition_waits_for_neither_writers_nor_readers(no_partitions: None) -> None:
    ensure_partitions_of({DAY})
    with transaction.atomic():
        insert(NOW)
        assert connection.in_atomic_block
        in_thread(lambda: ensure_partitions_of({DAY + timedelta(days=1)}))
    assert TICKS.existing() == days(DAY, 2)


def test_writers_and_readers_do_not_wait_for_a_partition_being_made(no_partitions: None) -> None:
    ensure_partitions_of({DAY})
    with transaction.atomic():
        ensure_partitions_of({DAY + timedelta(days=1)})
        in_thread(lambda: insert(NOW))


@pytest.mark.django_db
def test_only_days_beyond_the_retention_are_dropped() -> None:
    ensure_partitions_of(days(DAY - timedelta(days=9), 12))
    dropped = TICKS.drop_expired(now=NOW)
    assert dropped == [date(2031, 5, 8), date(2031, 5, 9)]
    assert TICKS.existing() >= days(date(2031, 5, 10), 10)
    assert not TICKS.existing() & set(dropped)


@pytest.mark.django_db
def test_each_table_keeps_its_own_days(settings: Settings) -> None:
    settings.PRICE_HISTORY_DAYS, settings.CANDLE_DAYS = 2, 4
    ensure_partitions_of(days(DAY - timedelta(days=9), 10))
    maintain_partitions(now=NOW)
    kept = {table: min(table.existing()) for table in partitions.ALL}
    two, four = DAY - timedelta(days=2), DAY - timedelta(days=4)
    assert kept == {TICKS: two, CANDLES_1M: four, CANDLES_5M: four}


@pytest.mark.django_db
def test_of_days_that_have_expired_there_are_ticks_but_no_candles(settings: Settings) -> None:
    settings.PRICE_HISTORY_DAYS, settings.CANDLE_DAYS = 2, 2
    today = datetime.now(UTC).date()
    ensure_partitions_of(days(today - timedelta(days=5), 6))
    assert TICKS.existing() >= days(today - timedelta(days=5), 6)
    assert min(CANDLES_1M.existing()) == min(CANDLES_5M.existing()) == today - timedelta(days=2)


@pytest.mark.django_db
def test_candles_are_updated_in_place() -> None:
    """With half of each page left free Postgres needs no new index entries (HOT)."""
    ensure_partitions_of({DAY})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [CANDLES_1M.name(DAY)]
        )
        assert cursor.fetchone() == (["fillfactor=50"],)


def test_a_partition_in_use_stays_and_nobody_waits_for_it(
    no_partitions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_DROP_PATIENCE_MS", 50)
    old = date(2031, 5, 1)
    ensure_partitions_of({old, DAY})
    with transaction.atomic():
        insert(datetime(2031, 5, 1, 12, tzinfo=UTC))
        assert in_thread(lambda: TICKS.drop_expired(now=NOW)) == []
    assert TICKS.existing() == {old, DAY}
    assert TICKS.drop_expired(now=NOW) == [old]


@pytest.mark.django_db
def test_tables_that_only_look_alike_are_left_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE pricefeed_tick_20200101 (LIKE pricefeed_tick)")
        cursor.execute(
            "CREATE TABLE pricefeed_tick_archive PARTITION OF pricefeed_tick "
            "FOR VALUES FROM ('2019-01-01') TO ('2020-01-01')"
        )
    assert TICKS.drop_expired(now=NOW) == sorted(
        day for day in TICKS.existing() if day < date(2031, 5, 10)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('pricefeed_tick_20200101'), to_regclass('pricefeed_tick_archive')"
        )
        assert None not in cursor.fetchone()


@pytest.mark.django_db
def test_maintenance_makes_the_days_ahead_and_drops_the_old_ones(settings: Settings) -> None:
    settings.PRICE_HISTORY_DAYS = 2
    ensure_partitions_of({DAY - timedelta(days=3), DAY - timedelta(days=2)})
    for _ in range(2):
        maintain_partitions(now=NOW)
    assert TICKS.existing() == days(DAY - timedelta(days=2), 1) | days(DAY, 4)


@pytest.mark.django_db
def test_the_command_maintains_now(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("maintain_history")
    today = datetime.now(UTC).date()
    assert TICKS.existing() >= days(today, 4)
    assert f"to {max(TICKS.existing())}" in capsys.readouterr().out
