"""From the streams to Postgres: each tick once and in order, whatever happens meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from celery import Celery
from django.db import DataError, connection
from django.utils import timezone

from config.celery import Broker
from deploy.local.ports import free_port
from pricefeed import partitions, recorders
from pricefeed.delivery.latest import LatestReader, LatestWriter, Mark
from pricefeed.models import Feed, StreamPosition, Tick
from pricefeed.recording import services as recording
from pricefeed.recording.locks import publication_lock, stream_lock
from pricefeed.recording.positions import StepTaken, position_of
from pricefeed.services import prices_update
from pricefeed.sources.pushed import streams as streams_module
from pricefeed.sources.pushed.streams import Streams
from securities.models import Quote, Security
from securities.redis_client import redis_client
from tests.conftest import MakeSecurity, in_thread, set_active
from tests.pricefeed.conftest import redis_loses_quotes
from tests.pricefeed.pushed.conftest import push, record_all, redis_loses_streams, stored

pytestmark = pytest.mark.django_db(transaction=True)

ASK_FOR_RECORDERS = recorders.recorders_ask_for  # others ask for none, by a fixture
PATIENCE_SECONDS = 4.0
"""Less than the pauses before a second and a third attempt to connect."""


class Died(BaseException):
    """The worker was killed here."""


@pytest.fixture
def market(security: MakeSecurity) -> list[Security]:
    return [security(f"T{n}") for n in range(10)]


@pytest.fixture
def one(market: list[Security]) -> int:
    """The partition of T0."""
    return market[0].pk % 8


def prices(count: int, *, first: int = 1) -> list[str]:
    return [f"{n}.000000" for n in range(first, first + count)]


def test_pushed_ticks_become_history_and_quotes_and_are_published(market: list[Security]) -> None:
    push(*((f"T{n % 10}", str(n + 1)) for n in range(100)))
    assert record_all() == 100
    assert stored("T3") == [f"{n}.000000" for n in range(4, 101, 10)]
    feed = Feed.objects.get()
    assert feed.sequence == Tick.objects.count() == 100
    numbers = Tick.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 101))
    assert {quote.price for quote in Quote.objects.all()} == set(range(91, 101))
    assert LatestWriter().mark() == Mark(str(feed.epoch), 100)


def test_what_was_recorded_waits_no_longer(market: list[Security], waiting: Streams) -> None:
    push(("T0", "1"), ("T1", "2"))
    record_all()
    assert waiting.waiting() == {}
    assert record_all() == 0


def test_a_price_that_repeats_the_newest_is_recorded_too(market: list[Security]) -> None:
    push(("T0", "1"), ("T0", "1.00"), ("T0", "2"))
    record_all()
    before = Quote.objects.get()
    push(("T0", "2"), ("T0", "2"))
    assert record_all() == 2
    assert stored("T0") == ["1.000000", "1.000000", "2.000000", "2.000000", "2.000000"]
    quote = Quote.objects.get()
    assert (quote.price, quote.sequence) == (2, 5)
    assert quote.updated_at > before.updated_at


def test_a_late_tick_joins_the_history_and_leaves_the_quote_alone(market: list[Security]) -> None:
    now = timezone.now()
    push(("T0", "1", now.isoformat()), ("T0", "2", (now - timedelta(hours=1)).isoformat()))
    record_all()
    assert stored("T0") == prices(2)
    assert Quote.objects.get().price == 1


def test_a_clock_that_jumps_back_stops_no_price(
    market: list[Security], monkeypatch: pytest.MonkeyPatch
) -> None:
    push(("T0", "1"))
    record_all()
    before = Quote.objects.get()
    early = timezone.now() - timedelta(hours=1)
    with monkeypatch.context() as patch:
        patch.setattr("pricefeed.pushed.timezone.now", lambda: early)
        push(("T0", "2"), ("T0", "3"))
    record_all()
    assert stored("T0") == prices(3)
    quote = Quote.objects.get()
    assert (quote.price, quote.updated_at) == (3, before.updated_at)
    push(("T0", "4"))
    record_all()
    assert Quote.objects.get().price == 4


@pytest.mark.parametrize(
    "where", ["read", "append_history", "write_quotes", "advance", "trim", "_publish"]
)
def test_a_worker_that_dies_anywhere_records_nothing_twice_and_loses_nothing(
    market: list[Security], one: int, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    push(*(("T0", str(n)) for n in (1, 2, 3)))
    owner: Any = next(owner for owner in (Streams, recording, recorders) if hasattr(owner, where))

    def die(*_: Any, **__: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(owner, where, die)
        with pytest.raises(Died):
            in_thread(lambda: recorders.pushed_record(one))
    push(("T0", "4"))
    record_all()
    assert stored("T0") == prices(4)
    assert Feed.objects.get().sequence == 4
    mark = LatestWriter().mark()
    assert mark is not None
    assert mark.sequence == 4


def test_what_was_committed_and_not_published_is_published_by_the_next_second(
    market: list[Security], one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(("T0", "1"))
    with monkeypatch.context() as patch:
        patch.setattr(recorders, "_publish", lambda *_, **__: 0)
        record_all()
    assert LatestWriter().mark() is None
    recorders.recorders_ask()
    assert LatestWriter().mark() == Mark(str(Feed.objects.get().epoch), 1)


def test_recorders_are_asked_for_where_ticks_wait(
    market: list[Security], asked: list[int], waiting: Streams
) -> None:
    push(("T0", "1"), ("T1", "1"))
    first = list(asked)
    for partition in first:
        waiting.begin(partition)  # and died
    recorders.recorders_ask()
    assert sorted(asked) == sorted(first * 2)
    recorders.recorders_ask()
    assert len(asked) == 4


def test_a_broker_that_is_not_there_holds_up_no_feeder(
    market: list[Security], monkeypatch: pytest.MonkeyPatch, waiting: Streams
) -> None:
    """Gone between taking the ticks and asking for recorders: the answer does not wait for it."""
    broker = Celery("broker_away")
    broker.config_from_object("django.conf:settings", namespace="CELERY")
    broker.conf.broker_url = f"redis://127.0.0.1:{free_port()}/0"
    broker.amqp.Connection = Broker
    monkeypatch.setattr(recorders, "current_app", broker)
    monkeypatch.setattr(recorders, "recorders_ask_for", ASK_FOR_RECORDERS)
    began = time.monotonic()
    push(*((f"T{n}", "1") for n in range(10)))
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert sum(waiting.waiting().values()) == 10


def test_a_redis_that_lost_its_streams_starts_anew_and_nothing_is_skipped(
    market: list[Security], one: int
) -> None:
    push(("T0", "1"), ("T0", "2"))
    record_all()
    push(("T0", "3"))
    redis_loses_streams()  # and the tick that waited
    redis_loses_quotes()
    push(("T0", "4"))
    assert record_all() == 1
    assert stored("T0") == ["1.000000", "2.000000", "4.000000"]
    assert position_of(one).taken == 1


def test_an_empty_redis_makes_nobody_forget_where_they_were(
    market: list[Security], one: int
) -> None:
    push(("T0", "1"))
    record_all()
    before = position_of(one)
    redis_loses_streams()
    recorders.pushed_record(one)
    assert position_of(one) == before


def test_a_redis_that_went_back_to_an_older_copy_neither_repeats_nor_skips(
    market: list[Security], one: int
) -> None:
    client: Any = redis_client()
    key = f"{streams_module.PREFIX}:stream:{one}"
    push(("T0", "1"))
    copy = client.dump(key)
    push(("T0", "2"))
    record_all()
    client.restore(key, 0, copy, replace=True)
    assert record_all() == 0
    recorders.pushed_record(one)
    push(("T0", "3"))
    record_all()
    assert stored("T0") == prices(3)


def test_what_comes_after_redis_went_back_to_an_older_copy_is_seen_to_wait(
    market: list[Security], one: int
) -> None:
    client: Any = redis_client()
    keys = [f"{streams_module.PREFIX}:{name}" for name in (f"stream:{one}", "appended", "gone")]
    push(("T0", "1"))
    copies = [(key, client.dump(key)) for key in keys if client.exists(key)]
    push(("T0", "2"), ("T0", "3"))
    record_all()
    for key, copy in copies:
        client.restore(key, 0, copy, replace=True)
    recorders.pushed_record(one)
    assert streams_module.streams().waiting() == {}
    push(("T0", "4"))
    assert streams_module.streams().waiting() == {one: 1}
    record_all()
    assert stored("T0") == prices(4)


def test_two_workers_at_once_take_turns(market: list[Security], one: int) -> None:
    push(("T0", "1"))
    with stream_lock(one) as is_ours:
        assert is_ours
        assert in_thread(lambda: recorders.pushed_record(one)) is None
    assert in_thread(lambda: recorders.pushed_record(one)) == 1


def partition_of(ticker: str) -> int:
    return Security.objects.get(ticker=ticker).pk % 8


def recorded_partitions() -> set[int]:
    return set(StreamPosition.objects.filter(taken__gt=0).values_list("partition", flat=True))


def test_what_waits_in_other_partitions_is_recorded_and_published_with_it(
    market: list[Security], monkeypatch: pytest.MonkeyPatch
) -> None:
    publications: list[Any] = []
    original = recorders.publish
    monkeypatch.setattr(
        recorders, "publish", lambda it, **kw: publications.append(it) or original(it, **kw)
    )
    push(("T0", "1"), ("T1", "2"), ("T0", "3"), ("T2", "4"))

    assert recorders.pushed_record(partition_of("T1")) == 4
    assert len(publications) == 1
    assert stored("T0") == ["1.000000", "3.000000"]
    assert recorded_partitions() == {partition_of(each) for each in ("T0", "T1", "T2")}


def test_a_worker_leaves_half_of_the_partitions_to_others(security: MakeSecurity) -> None:
    for n in range(8):
        security(f"U{n}")
    push(*((f"U{n}", "1") for n in range(8)), ("U5", "2"))
    one, most = partition_of("U2"), partition_of("U5")

    assert recorders.pushed_record(one) == 5
    assert len(recorded_partitions()) == 4
    assert {one, most} <= recorded_partitions()


def test_a_partition_that_another_worker_records_is_left_to_it(market: list[Security]) -> None:
    push(("T0", "1"), ("T1", "2"))
    with stream_lock(partition_of("T1")):
        assert in_thread(lambda: recorders.pushed_record(partition_of("T0"))) == 1
    assert recorded_partitions() == {partition_of("T0")}


def test_what_came_meanwhile_is_asked_for_in_each_partition_that_was_held(
    market: list[Security], asked: list[int], monkeypatch: pytest.MonkeyPatch, waiting: Streams
) -> None:
    push(("T0", "1"), ("T1", "2"))
    held = {partition_of("T0"), partition_of("T1")}
    original = recorders.record_pushed

    def record_while_more_comes(*args: Any, **named: Any) -> Any:
        for each in held:
            waiting.begin(each)  # by a worker who found it locked
        push(("T0", "3"), ("T1", "4"))
        for each in held:
            waiting.begin(each)
        asked.clear()
        return original(*args, **named)

    monkeypatch.setattr(recorders, "record_pushed", record_while_more_comes)
    assert recorders.pushed_record(partition_of("T0")) == 2
    assert set(asked) == held


def test_what_cannot_be_committed_holds_up_its_own_partition_alone(
    market: list[Security], monkeypatch: pytest.MonkeyPatch
) -> None:
    push(("T0", "1"), ("T1", "2"))
    bad = Security.objects.get(ticker="T1").pk
    original = recorders.record_pushed

    def record(ticks: Any, **named: Any) -> Any:
        if bad in ticks.security:
            raise DataError
        return original(ticks, **named)

    monkeypatch.setattr(recorders, "record_pushed", record)
    assert recorders.pushed_record(partition_of("T0")) == 1
    with pytest.raises(DataError):
        recorders.pushed_record(partition_of("T1"))
    assert (stored("T0"), stored("T1")) == (prices(1), [])


def test_a_worker_that_lost_its_lock_unnoticed_commits_nothing(
    market: list[Security], one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(("T0", "1"))
    original = Streams.read

    def read(self: Streams, position: Any, **how: Any) -> Any:
        batch = original(self, position, **how)
        monkeypatch.setattr(Streams, "read", original)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
        in_thread(lambda: recorders.pushed_record(one))
        return batch

    monkeypatch.setattr(Streams, "read", read)
    with pytest.raises(StepTaken):
        recorders.pushed_record(one)
    assert stored("T0") == prices(1)
    assert Feed.objects.get().sequence == 1


def test_many_workers_and_feeders_at_once_lose_and_repeat_nothing(market: list[Security]) -> None:
    done = threading.Event()

    def feed(ticker: str) -> None:
        for n in range(40):
            push((ticker, str(n + 1)))

    def work(_: int) -> None:
        while not done.is_set():
            for partition in range(8):
                recorders.pushed_record(partition)

    with ThreadPoolExecutor(6) as pool:
        workers = [pool.submit(in_thread, lambda: work(0)) for _ in range(3)]
        feeders = [pool.submit(in_thread, lambda t=f"T{n}": feed(t)) for n in range(3)]
        for feeder in feeders:
            feeder.result(60)
        done.set()
        for worker in workers:
            worker.result(60)
    record_all()
    for n in range(3):
        assert stored(f"T{n}") == prices(40)
    numbers = Tick.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 121))
    mark = LatestWriter().mark()
    assert mark is not None
    assert mark.sequence == 120
    assert str(Feed.objects.get().epoch) == mark.epoch


def test_a_partition_of_the_history_that_is_missing_is_made(market: list[Security]) -> None:
    push(("T0", "1"))
    record_all()
    day = timezone.now().date()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {partitions.TICKS.name(day)}")
    push(("T0", "2"))
    record_all()
    assert stored("T0") == ["2.000000"]


def test_beyond_the_bound_of_a_partition_the_oldest_go_and_are_counted(
    market: list[Security], one: int, settings: Any, waiting: Streams,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    settings.TICKS_WAITING_PER_PARTITION = 5
    for n in (1, 3, 5, 7):
        push(("T0", str(n)), ("T0", str(n + 1)))
    assert waiting.waiting()[one] == 4
    assert [r.msg["event"] for r in caplog.records if "dropped" in str(r.msg)]  # type: ignore[index]
    record_all()
    assert stored("T0") == prices(4, first=5)
    assert StreamPosition.objects.get(partition=one).dropped == 4
    push(("T0", "9"))
    record_all()
    assert StreamPosition.objects.get(partition=one).dropped == 4


def test_ticks_of_a_security_that_was_deleted_are_left_out(market: list[Security]) -> None:
    push(("T0", "1"), ("T1", "2"))
    Security.objects.filter(ticker="T0").delete()
    record_all()
    assert Tick.objects.count() == 1
    assert stored("T1") == ["2.000000"]


def test_what_was_taken_of_a_security_before_it_was_deactivated_is_recorded(
    market: list[Security],
) -> None:
    push(("T0", "1"))
    set_active("T0", active=False)
    record_all()
    assert stored("T0") == prices(1)


def test_a_run_of_the_feed_and_pushed_ticks_share_one_counter_and_one_mark(
    market: list[Security],
) -> None:
    class Source:
        def fetch(self, *_: Any, **__: Any) -> list[Any]:
            in_thread(record_without_waiting)
            assert LatestWriter().mark() == Mark(str(epoch), 1)  # a slow source holds nobody up
            return []

        def catalogue(self) -> list[Any]:
            return []

    def record_without_waiting() -> None:
        for partition in range(8):
            recorders.pushed_record(partition)

    push(("T0", "1"))
    epoch = Feed.objects.get().epoch
    prices_update(source=Source())
    feed = Feed.objects.get()
    assert (feed.epoch, feed.sequence) == (epoch, 1)
    assert LatestWriter().mark() == Mark(str(epoch), 1)


def test_a_database_that_went_back_begins_a_new_epoch(market: list[Security]) -> None:
    for n in range(1, 4):
        push(("T0", str(n)))
        record_all()
    epoch = Feed.objects.get().epoch
    Feed.objects.update(sequence=1)
    Tick.objects.filter(sequence__gt=1).delete()
    push(*(("T1", str(n)) for n in range(1, 9)))
    record_all()
    feed = Feed.objects.get()
    assert feed.epoch != epoch
    assert LatestWriter().mark() == Mark(str(feed.epoch), 9)


def test_publication_waits_for_its_turn() -> None:
    with publication_lock() as ours:
        assert ours

        def look() -> bool:
            with publication_lock(patience_ms=50) as is_ours:
                return is_ours

        assert in_thread(look) is False
    assert in_thread(look) is True


def test_published_quotes_are_exact(market: list[Security]) -> None:
    push(("T0", "187.320000"), ("T1", 0.000001))
    record_all()
    quotes, _ = async_to_sync(LatestReader().read)(["T0", "T1"])
    found = {each.ticker: each for each in quotes}
    assert '"price":"187.32"' in str(found["T0"].delta)
    assert '"price":"0.000001"' in str(found["T1"].delta)
