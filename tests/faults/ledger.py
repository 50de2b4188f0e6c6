"""What Postgres has in the end, against what feeders know."""

from collections import Counter, defaultdict

import psycopg

from tests.faults.feeders import Load, number_of

LONGEST_WAIT_SECONDS = 5.0
"""What waits in Redis has been acknowledged so long ago at most, on a busy machine."""


def numbers_pushed(database: psycopg.Connection, *, after: int) -> dict[str, list[int]]:
    """By ticker the numbers of pushed ticks, in order of sequence."""
    rows = database.execute(
        "SELECT ticker, (price * 1000000)::bigint FROM pricefeed_tick"
        " JOIN securities_security ON id = security_id WHERE sequence > %s ORDER BY sequence",
        [after],
    )
    numbers = defaultdict(list)
    for ticker, price in rows:
        if (number := number_of(price)) is not None:
            numbers[ticker].append(number)
    return numbers


def assert_once_and_in_order(database: psycopg.Connection, load: Load, *, after: int) -> None:
    """Each acknowledged tick is in the history once, and in the order of its feeder."""
    found = numbers_pushed(database, after=after)
    for feeder in load.feeders:
        expected = list(range(1, feeder.acknowledged + 1))
        for ticker in feeder.tickers:
            assert found[ticker] == expected, _difference(ticker, found[ticker], expected)


def assert_numbered_without_gaps(database: psycopg.Connection) -> None:
    """The counter gave every number to one tick."""
    row = database.execute(
        "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM pricefeed_tick"
    ).fetchone()
    assert row is not None
    assert len(set(row)) == 1, f"ticks, different numbers, newest number: {row}"


def lost_and_doubled(
    database: psycopg.Connection, load: Load, *, after: int, killed: float
) -> tuple[int, int]:
    """Ticks that a Redis without a memory has cost, all of them around its end (monotonic)."""
    found = numbers_pushed(database, after=after)
    lost = doubled = 0
    for feeder in load.feeders:
        for ticker in feeder.tickers:
            counts = Counter(found[ticker])
            missing = sorted(set(range(1, feeder.acknowledged + 1)) - counts.keys())
            twice = {number for number, count in counts.items() if count > 1}
            assert max(counts.values()) <= 2
            assert counts.keys() <= set(range(1, feeder.acknowledged + 1))
            assert twice <= feeder.doubtful, f"{ticker}: {twice} were sent but once"
            assert _is_in_order(found[ticker]), f"{ticker} is out of order"
            for number in missing:
                age = killed - feeder.acknowledged_when(number)
                assert -1 < age < LONGEST_WAIT_SECONDS, f"{ticker} {number}: {age} s before"
            lost += len(missing)
            doubled += len(twice)
    return lost, doubled


def _is_in_order(numbers: list[int]) -> bool:
    """Also where a message, which is several ticks, was recorded twice: each time it is."""
    first, last = dict.fromkeys(numbers), dict.fromkeys(reversed(numbers))
    return [*first] == sorted(first) and [*last] == sorted(last, reverse=True)


def assert_no_time_went_back(database: psycopg.Connection, *, after: int) -> None:
    """In order of sequence, the ticks of a ticker are in order of time."""
    wrong = database.execute(
        "SELECT * FROM (SELECT security_id, sequence, at, max(at) OVER earlier AS newest"
        " FROM pricefeed_tick WHERE sequence > %s WINDOW earlier AS (PARTITION BY security_id"
        " ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS placed"
        " WHERE at < newest LIMIT 5",
        [after],
    ).fetchall()
    assert not wrong, wrong


def _difference(ticker: str, found: list[int], expected: list[int]) -> str:
    counts = Counter(found)
    doubled = sorted(number for number, count in counts.items() if count > 1)
    missing = sorted(set(expected) - set(found))
    unknown = sorted(set(found) - set(expected))
    return (
        f"{ticker}: of {len(expected)} missing {missing[:20]} ({len(missing)}), doubled "
        f"{doubled[:20]} ({len(doubled)}), never acknowledged {unknown[:20]}, "
        f"in order: {found == sorted(found)}"
    )
