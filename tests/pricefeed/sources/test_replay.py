from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pricefeed.sources import replay
from pricefeed.sources.base import SourceError
from pricefeed.sources.replay import ReplaySource
from pricefeed.ticks import Tick

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parent / "data" / "sample_ticks.csv"
SECOND = timedelta(seconds=1)


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "ticks.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def plays(source: ReplaySource, at: datetime) -> list[tuple[str, str]]:
    return [(tick.ticker, str(tick.price)) for tick in source.fetch([], now=at)]


THREE = "time,ticker,price\n0,A,1.00\n1000,B,2.00\n1000,A,1.10\n3000,A,1.20\n"


def test_the_first_fetch_plays_the_first_moment_now(csv_file: Callable[[str], Path]) -> None:
    assert ReplaySource(csv_file(THREE)).fetch([], now=NOW) == [Tick("A", Decimal("1.00"), NOW)]


def test_every_tick_that_became_due_is_given_in_order_with_its_own_time(
    csv_file: Callable[[str], Path],
) -> None:
    source = ReplaySource(csv_file(THREE))
    source.fetch([], now=NOW)
    assert source.fetch([], now=NOW + 2 * SECOND) == [
        Tick("B", Decimal("2.00"), NOW + SECOND),
        Tick("A", Decimal("1.10"), NOW + SECOND),
    ]
    assert source.fetch([], now=NOW + 2.5 * SECOND) == []
    assert plays(source, NOW + 3 * SECOND) == [("A", "1.20")]


def test_speed_shortens_the_waits(csv_file: Callable[[str], Path]) -> None:
    source = ReplaySource(csv_file(THREE), speed=Decimal(10), loop=False)
    source.fetch([], now=NOW)
    ticks = source.fetch([], now=NOW + SECOND)
    assert [tick.at - NOW for tick in ticks] == [0.1 * SECOND, 0.1 * SECOND, 0.3 * SECOND]


def test_played_once_it_ends_and_stays_silent(csv_file: Callable[[str], Path]) -> None:
    source = ReplaySource(csv_file(THREE), loop=False)
    source.fetch([], now=NOW)
    assert len(plays(source, NOW + 10 * SECOND)) == 3
    assert plays(source, NOW + 20 * SECOND) == []
    assert plays(source, NOW + timedelta(days=1)) == []


def test_looped_it_begins_again_after_its_last_gap(csv_file: Callable[[str], Path]) -> None:
    source = ReplaySource(csv_file(THREE), loop=True)
    source.fetch([], now=NOW)
    assert len(plays(source, NOW + 4.9 * SECOND)) == 3
    ticks = source.fetch([], now=NOW + 6 * SECOND)
    assert [(tick.ticker, tick.at - NOW) for tick in ticks] == [
        ("A", 5 * SECOND),
        ("B", 6 * SECOND),
        ("A", 6 * SECOND),
    ]


def test_a_loop_that_takes_no_time_ends_all_the_same(csv_file: Callable[[str], Path]) -> None:
    path = csv_file("time,ticker,price\n0,A,1.00\n100,A,1.10\n")
    source = ReplaySource(path, speed=Decimal(1_000_000), loop=True)
    assert len(plays(source, NOW)) == 2
    ticks = source.fetch([], now=NOW + SECOND / 100)
    assert len(ticks) == 10 * 2  # passes in ten milliseconds
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_a_long_pause_plays_the_loops_that_were_missed(csv_file: Callable[[str], Path]) -> None:
    source = ReplaySource(csv_file(THREE), loop=True)
    source.fetch([], now=NOW)
    ticks = source.fetch([], now=NOW + 14 * SECOND)
    assert len(ticks) == 11
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_a_file_of_one_tick_loops_once_a_second(csv_file: Callable[[str], Path]) -> None:
    source = ReplaySource(csv_file("0,A,1.00\n"))
    source.fetch([], now=NOW)
    assert len(plays(source, NOW + 3 * SECOND)) == 3


def test_too_much_at_once_is_spread_over_fetches(
    csv_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST_TICKS_AT_ONCE", 2)
    source = ReplaySource(csv_file(THREE), loop=False)
    late = NOW + 10 * SECOND
    source.fetch([], now=NOW)
    assert plays(source, late) == [("B", "2.00"), ("A", "1.10")]
    assert plays(source, late) == [("A", "1.20")]


def test_a_file_is_read_as_it_is_played_and_never_as_a_whole(
    csv_file: Callable[[str], Path],
) -> None:
    rows = "".join(f"{n * 1000},A,{n + 1}.00\n" for n in range(100_000))
    source = ReplaySource(csv_file(rows + "broken\n"))
    assert plays(source, NOW) == [("A", "1.00")]
    assert len(plays(source, NOW + 3 * SECOND)) == 3  # the broken end has not been reached


def test_without_a_place_a_restart_begins_anew(csv_file: Callable[[str], Path]) -> None:
    path = csv_file(THREE)
    ReplaySource(path).fetch([], now=NOW + 100 * SECOND)
    assert plays(ReplaySource(path), NOW + 200 * SECOND) == [("A", "1.00")]


def test_the_sample_plays_to_its_end_without_loss() -> None:
    source = ReplaySource(SAMPLE, speed=Decimal(60), loop=False)
    ticks = [
        tick for n in range(40) for tick in source.fetch([], now=NOW + timedelta(seconds=n / 10))
    ]
    lines = SAMPLE.read_text().splitlines()[1:]
    assert [f"{tick.ticker},{tick.price}" for tick in ticks] == [
        line.partition(",")[2] for line in lines
    ]
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_the_catalogue_has_the_tickers_of_the_file_under_their_known_names() -> None:
    names = {entry.ticker: entry.name for entry in ReplaySource(SAMPLE).catalogue()}
    assert set(names) == {"AAPL", "BRK.B", "MSFT"}
    assert "Apple" in names["AAPL"]


def test_an_unknown_ticker_of_the_file_is_named_after_itself(
    csv_file: Callable[[str], Path],
) -> None:
    assert ReplaySource(csv_file("0,XQZW9,1.00\n")).catalogue()[0].name == "XQZW9"


@pytest.mark.parametrize(
    "row",
    [
        "2026-02-02T14:30:00Z,A,1",
        "2026-02-02T14:30:00,A,1",
        "2026-02-02 15:30:00+01:00,A,1",
        "1770042600000,A,1",
        " 1770042600000 , a , 1 ",
    ],
)
def test_times_are_iso_8601_or_milliseconds(csv_file: Callable[[str], Path], row: str) -> None:
    later = "2026-02-02T14:30:02Z,A,2"
    source = ReplaySource(csv_file(f"{row}\n\n{later}\n"))
    assert plays(source, NOW) == [("A", "1")]
    assert plays(source, NOW + SECOND) == []
    assert plays(source, NOW + 2 * SECOND) == [("A", "2")]


def test_a_header_may_order_the_columns_and_bring_others(csv_file: Callable[[str], Path]) -> None:
    source = ReplaySource(csv_file("\ufeffPrice,volume,Ticker,TIME\n1.25,300,A,0\n"))
    assert plays(source, NOW) == [("A", "1.25")]


def test_a_price_finer_than_we_keep_is_rounded(csv_file: Callable[[str], Path]) -> None:
    assert plays(ReplaySource(csv_file("0,A,187.3199987\n")), NOW) == [("A", "187.319999")]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("5000,A", "line 3: a line needs"),
        ("soon,A,1", "line 3: 'soon' is neither"),
        ("99999999999999999999,A,1", "line 3: '9+' is neither"),
        ("5000,A B C,1", "line 3: 'A B C' is not a ticker"),
        ("5000,A,much", "line 3: 'much' is not a price"),
        ("5000,A,NaN", "line 3: the price NaN"),
        ("5000,A,-1", "line 3: the price -1"),
        ("5000,A,0", "line 3: the price 0"),
        ("5000,A,1e30", "line 3: the price 1e30"),
        ("500,A,1", "line 3: its time is before"),
        ('5000,"A"x,1', "line 3: "),
    ],
)
def test_a_broken_line_is_named_after_the_ticks_before_it_and_for_good(
    csv_file: Callable[[str], Path], broken: str, message: str
) -> None:
    source = ReplaySource(csv_file(f"time,ticker,price\n1000,A,1.00\n{broken}\n6000,A,2.00\n"))
    assert plays(source, NOW) == [("A", "1.00")]
    for _ in range(2):
        with pytest.raises(SourceError, match=message) as refused:
            source.fetch([], now=NOW + 9 * SECOND)
        assert not refused.value.retryable


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no ticks"), ("time,ticker,price\n", "no ticks"), ("time,price\n0,1\n", "lacks ticker")],
)
def test_a_file_without_ticks_or_columns_is_refused_for_good(
    csv_file: Callable[[str], Path], text: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message) as refused:
        ReplaySource(csv_file(text)).fetch([], now=NOW)
    assert not refused.value.retryable


def test_a_file_that_is_not_text_is_refused_for_good(tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    path.write_bytes(b"0,A,1.00\n1000,\xff\xfe,1\n")
    with pytest.raises(SourceError, match="not UTF-8") as refused:
        ReplaySource(path).fetch([], now=NOW)
    assert not refused.value.retryable


def test_a_file_that_has_gone_may_come_back(tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    source = ReplaySource(path)
    for ask in (lambda: source.fetch([], now=NOW), source.catalogue):
        with pytest.raises(SourceError, match="cannot be read") as refused:
            ask()
        assert refused.value.retryable
    path.write_text("0,A,1.00\n")
    assert plays(source, NOW) == [("A", "1.00")]
    assert [entry.ticker for entry in source.catalogue()] == ["A"]
