import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pricefeed import partitions
from pricefeed.models import Feed
from pricefeed.models import Tick as StoredTick
from pricefeed.recording import services
from pricefeed.recording.services import record
from pricefeed.ticks import Tick
from securities.models import Quote, Security
from tests.pricefeed.conftest import NOON

MakeTick = Callable[..., Tick]
MakeSecurity = Callable[..., Security]


@pytest.fixture(autouse=True)
def no_partition_is_known() -> None:
    partitions.forget_partitions()


@pytest.fixture
def aapl(security: MakeSecurity) -> Security:
    return security("AAPL")


def stored() -> list[tuple[str, str, int]]:
    rows = StoredTick.objects.order_by("sequence").select_related("security")
    return [(row.security.ticker, f"{row.price:.2f}", row.sequence) for row in rows]


def test_ticks_become_history_and_the_newest_becomes_the_quote(
    aapl: Security, security: MakeSecurity, tick: MakeTick
) -> None:
    security("MSFT")
    recorded = record(
        [tick("AAPL", "10"), tick("MSFT", "20", seconds=1), tick("AAPL", "11", seconds=2)]
    )
    assert stored() == [("AAPL", "10.00", 1), ("MSFT", "20.00", 2), ("AAPL", "11.00", 3)]
    quote = Quote.objects.get(security=aapl)
    assert (quote.price, quote.sequence) == (Decimal(11), 3)
    assert quote.updated_at == NOON + timedelta(seconds=2)
    assert (recorded.after, recorded.upto, recorded.tick_count) == (0, 3, 3)
    assert [(s.ticker, q.sequence) for s, q in recorded.quotes] == [("MSFT", 2), ("AAPL", 3)]


def test_a_price_that_did_not_change_is_neither_written_nor_numbered(
    aapl: Security, tick: MakeTick
) -> None:
    record([tick("AAPL", "10")])
    recorded = record([tick("AAPL", "10.00", seconds=5)])
    assert (recorded.tick_count, recorded.quotes) == (0, [])
    assert Feed.objects.get().sequence == 1
    assert Quote.objects.get(security=aapl).updated_at == NOON


def test_unknown_inactive_and_impossible_prices_leave_their_neighbours_alone(
    aapl: Security, security: MakeSecurity, tick: MakeTick
) -> None:
    security("GONE", is_active=False)
    record(
        [
            tick("GONE", "1"),
            tick("NOBODY", "1"),
            tick("AAPL", "0"),
            tick("AAPL", "-1"),
            tick("AAPL", "NaN"),
            tick("AAPL", "1E+999990"),
            tick("AAPL", "0.0000001"),
            tick("AAPL", "10"),
        ]
    )
    assert stored() == [("AAPL", "10.00", 1)]


def test_a_late_tick_joins_the_history_and_leaves_the_quote_alone(
    aapl: Security, tick: MakeTick
) -> None:
    record([tick("AAPL", "10", seconds=10)])
    recorded = record([tick("AAPL", "9", seconds=5)])
    assert stored() == [("AAPL", "10.00", 1), ("AAPL", "9.00", 2)]
    assert Quote.objects.get(security=aapl).sequence == 1
    assert recorded.quotes == []
    assert recorded.upto == 2


def test_the_previous_close_stays_for_the_day_and_rolls_at_midnight_utc(
    aapl: Security, tick: MakeTick
) -> None:
    record([tick("AAPL", "10")])
    record([tick("AAPL", "12", seconds=60)])
    assert Quote.objects.get(security=aapl).previous_close == Decimal(10)
    record([tick("AAPL", "13", seconds=12 * 3600)])
    assert Quote.objects.get(security=aapl).previous_close == Decimal(12)
    record([tick("AAPL", "14", seconds=12 * 3600 + 1)])
    assert Quote.objects.get(security=aapl).previous_close == Decimal(12)


def test_a_source_that_knows_the_previous_close_is_believed(aapl: Security, tick: MakeTick) -> None:
    record([tick("AAPL", "10", previous_close="8")])
    quote = Quote.objects.get(security=aapl)
    assert (quote.abs_change, quote.pct_change) == (Decimal(2), Decimal("25.00"))


def test_ticks_of_several_days_find_their_partitions(aapl: Security, tick: MakeTick) -> None:
    record(
        [
            tick("AAPL", "10"),
            tick("AAPL", "11", seconds=86_400),
            tick("AAPL", "12", seconds=172_800),
        ]
    )
    assert {NOON.date() + timedelta(days=n) for n in range(3)} <= partitions.TICKS.existing()
    assert len(stored()) == 3


def test_a_failure_leaves_no_tick_no_quote_and_no_number(
    aapl: Security, tick: MakeTick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("the worker dies here")

    monkeypatch.setattr(services, "write_quotes", fail)
    with pytest.raises(RuntimeError):
        record([tick("AAPL", "10")])
    monkeypatch.undo()
    assert (stored(), Feed.objects.get().sequence) == ([], 0)
    assert not Quote.objects.exists()
    record([tick("AAPL", "11")])
    assert stored() == [("AAPL", "11.00", 1)]


def test_a_thousand_ticks_take_as_many_statements_as_one(
    security: MakeSecurity, tick: MakeTick
) -> None:
    for n in range(100):
        security(f"T{n}")

    def statements(count: int, price: str, seconds: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            record([tick(f"T{n}", price, seconds=seconds) for n in range(count)])
        return len(queries)

    statements(100, "1", 0)
    assert statements(100, "2", 5) == statements(1, "3", 10)


@pytest.mark.django_db(transaction=True)
def test_two_recorders_at_once_number_their_ticks_without_gap_or_repeat(
    security: MakeSecurity, tick: MakeTick
) -> None:
    for n in range(10):
        security(f"T{n}")

    def run(start: int) -> None:
        for step in range(10):
            record([tick(f"T{n}", str(1 + start + step), seconds=step) for n in range(10)])
        connection.close()

    threads = [threading.Thread(target=run, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(StoredTick.objects.values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Feed.objects.get().sequence == len(numbers) > 100
