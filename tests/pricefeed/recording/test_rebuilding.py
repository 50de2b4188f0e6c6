"""`manage.py rebuild_candles`."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from pricefeed.models import CANDLES, DayCandle, Feed, MinuteCandle
from pricefeed.partitions import TICKS
from pricefeed.recording import rebuilding
from pricefeed.recording.rebuilding import Rebuilt, rebuild_candles
from pricefeed.recording.services import record
from pricefeed.ticks import Tick
from securities.models import Security
from tests.conftest import in_thread
from tests.pricefeed.recording.candle_oracle import stored
from tests.pricefeed.recording.test_candles import TODAY

MakeSecurity = Callable[..., Security]


def forget_candles() -> None:
    for interval in CANDLES.values():
        interval.objects.all().delete()


@pytest.fixture
def two_days(security: MakeSecurity) -> None:
    """Ticks of two securities around the last midnight, some of them late."""
    security("AAPL")
    security("MSFT")
    for second in (0, 61, 30, 3700, -10, -4000):
        at = TODAY + timedelta(seconds=second)
        price = Decimal(100 + second)
        record([Tick("AAPL", abs(price), at, None), Tick("MSFT", abs(price) + 1, at, None)])


@pytest.mark.usefixtures("two_days")
def test_it_comes_to_what_recording_came_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "_BATCH", 5)
    recorded = stored()
    forget_candles()
    assert rebuild_candles() == Rebuilt(days=2, ticks=12, left=0)
    assert stored() == recorded != {}


@pytest.mark.usefixtures("two_days")
def test_it_replaces_what_is_wrong_and_can_be_repeated() -> None:
    recorded = stored()
    MinuteCandle.objects.update(high=Decimal(9999))
    for _ in range(2):
        rebuild_candles()
        assert stored() == recorded


@pytest.mark.usefixtures("two_days")
def test_candles_of_days_whose_ticks_are_gone_stay() -> None:
    recorded = stored()
    with connection.cursor() as cursor:
        for day in TICKS.existing():
            cursor.execute(f"DROP TABLE {TICKS.name(day)}")
    assert rebuild_candles() == Rebuilt()
    assert stored() == recorded


@pytest.mark.usefixtures("two_days")
def test_candles_that_know_more_ticks_than_the_history_are_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As when late ticks come to a day that was dropped."""
    recorded = stored()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pricefeed_tick WHERE sequence = 1")
    call_command("rebuild_candles")
    assert stored() == recorded
    assert "The candles of 1 securities and days" in capsys.readouterr().out


@pytest.mark.usefixtures("db")
def test_without_a_history_there_is_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rebuild_candles")
    assert capsys.readouterr().out == "Candles: 0 days from 0 ticks.\n"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_while_a_day_is_rebuilt(
    security: MakeSecurity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a tick that is committed between reading and writing would be missing."""
    security("AAPL")
    record([Tick("AAPL", Decimal(1), TODAY, None)])
    merge = rebuilding.merge_candles
    locked = []

    def look(ticks: object) -> None:
        others = Feed.objects.select_for_update(skip_locked=True)
        locked.append(in_thread(lambda: not _with_transaction(others.exists)))
        merge(ticks)  # type: ignore[arg-type]

    monkeypatch.setattr(rebuilding, "merge_candles", look)
    rebuild_candles()
    assert locked == [True]
    assert DayCandle.objects.get().count == 1


def _with_transaction(call: Callable[[], bool]) -> bool:
    with transaction.atomic():
        return call()
