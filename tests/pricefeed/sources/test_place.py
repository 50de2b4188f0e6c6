"""Several processes, each with a source of its own, play one replay together."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import redis
from django.conf import settings

from pricefeed.sources.base import SourceError
from pricefeed.sources.place import Place, SharedPlace
from pricefeed.sources.replay import ReplaySource
from pricefeed.ticks import Tick

NOW = datetime(2026, 11, 21, 15, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ROWS = "".join(f"{n * 1000},A,{n + 1}.00\n" for n in range(7))


@pytest.fixture
def place() -> Callable[..., SharedPlace]:
    """`place()`: each call a client of another process, all of the same place."""
    name = uuid.uuid4().hex

    def make(url: str = settings.REDIS_URL, life_seconds: float = 60) -> SharedPlace:
        client = redis.Redis.from_url(url, retry=None)
        return SharedPlace(client, name=name, life_seconds=life_seconds)

    return make


@pytest.fixture
def process(tmp_path: Path, place: Callable[..., SharedPlace]) -> Callable[..., ReplaySource]:
    """`process()`: the source of one more worker process."""
    path = tmp_path / "ticks.csv"
    path.write_text(ROWS)

    def make(*, loop: bool = True) -> ReplaySource:
        return ReplaySource(path, loop=loop, place=place())

    return make


def fetched(sources: list[ReplaySource], seconds: float) -> list[Tick]:
    """Every half second the next of the sources is asked."""
    return [
        tick
        for n in range(int(seconds * 2) + 1)
        for tick in sources[n % len(sources)].fetch([], now=NOW + n * SECOND / 2)
    ]


def test_a_place_is_kept_to_the_microsecond(place: Callable[..., SharedPlace]) -> None:
    assert place().load() is None
    kept = Place(NOW, NOW + timedelta(microseconds=1))
    place().save(kept)
    assert place().load() == kept


@pytest.mark.parametrize("seconds", [3, 6.5, 20, 45])
def test_three_processes_play_what_one_would(
    process: Callable[..., ReplaySource], tmp_path: Path, seconds: float
) -> None:
    alone = fetched([ReplaySource(tmp_path / "ticks.csv")], seconds)
    together = fetched([process(), process(), process()], seconds)
    assert together == alone
    assert len(alone) == int(seconds) + 1


def test_played_once_no_process_begins_again(process: Callable[..., ReplaySource]) -> None:
    ticks = fetched([process(loop=False), process(loop=False)], 30)
    assert [tick.price for tick in ticks] == [Decimal(n) for n in range(1, 8)]
    assert process(loop=False).fetch([], now=NOW + 31 * SECOND) == []


def test_a_restarted_worker_goes_on(process: Callable[..., ReplaySource]) -> None:
    process().fetch([], now=NOW + SECOND)
    ticks = process().fetch([], now=NOW + 3 * SECOND)
    assert [tick.at for tick in ticks] == [NOW + 2 * SECOND, NOW + 3 * SECOND]


def test_after_the_life_of_a_place_a_restart_begins_anew(
    process: Callable[..., ReplaySource], place: Callable[..., SharedPlace]
) -> None:
    place(life_seconds=0.001).save(Place(NOW, NOW))
    while place().load() is not None:
        pass
    assert [tick.price for tick in process().fetch([], now=NOW + 3 * SECOND)] == [Decimal(1)]


@pytest.mark.usefixtures("process")  # which writes the file
def test_without_redis_a_process_goes_on_by_itself(
    tmp_path: Path, place: Callable[..., SharedPlace]
) -> None:
    nobody = place(url="redis://127.0.0.1:1/0")
    ticks = fetched([ReplaySource(tmp_path / "ticks.csv", place=nobody)], 10)
    assert len(ticks) == 11


def test_a_file_that_could_not_be_read_for_a_while_is_played_on(
    tmp_path: Path, process: Callable[..., ReplaySource]
) -> None:
    path, away = tmp_path / "ticks.csv", tmp_path / "away.csv"
    process().fetch([], now=NOW)
    path.rename(away)
    other = process()
    with pytest.raises(SourceError):
        other.fetch([], now=NOW + SECOND)
    away.rename(path)
    assert len(other.fetch([], now=NOW + 2 * SECOND)) == 2


def test_a_clock_that_was_set_back_repeats_nothing(process: Callable[..., ReplaySource]) -> None:
    process().fetch([], now=NOW + 4 * SECOND)
    one, other = process(), process()
    assert len(one.fetch([], now=NOW + 6 * SECOND)) == 2
    assert one.fetch([], now=NOW + 5 * SECOND) == []
    assert other.fetch([], now=NOW + 6 * SECOND) == []
