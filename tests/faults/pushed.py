"""Pushed load on the house: feeders, what waits of theirs, and what must have become of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
from redis import Redis

from tests.faults import derived, ledger
from tests.faults.feeders import ACCOUNT, Feeder, Load
from tests.faults.house import House
from tests.integration.processes import wait_until
from tests.integration.web import Web

FEEDERS, TICKERS_OF_EACH = 2, 20
_PAUSE_SECONDS = 0.05
_PREFIX = "tickwatch:{ticks}"
_TODAYS = """
SELECT inhparent::regclass::text, inhrelid::regclass::text FROM pg_inherits
 WHERE inhrelid::regclass::text LIKE '%\\_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')
"""


class Pushed:
    """A load and where the history stood before it."""

    def __init__(
        self, house: House, *, seed: int = 1, own_times: bool = True, web: Web | None = None
    ) -> None:
        self._house = house
        self._url = (web or house.web).url
        self._began = time.monotonic()
        self.after = house.sequence()
        self.load = Load(
            [
                Feeder(
                    f"feeder{number}-{self._began}",
                    sign_in=self._sign_in,
                    url=self._url,
                    tickers=[f"T{number * TICKERS_OF_EACH + n}" for n in range(TICKERS_OF_EACH)],
                    seed=seed + number,
                    own_times=own_times,
                    pause=_PAUSE_SECONDS,
                )
                for number in range(FEEDERS)
            ]
        )

    def _sign_in(self) -> str:
        """A token that is good now."""
        answer = httpx.post(f"{self._url}/api/v1/auth/login", json=ACCOUNT, timeout=20)
        return str(answer.raise_for_status().json()["access"])

    def waiting(self) -> int:
        """How many ticks are in Redis and not in Postgres."""
        with Redis.from_url(self._house.valkey.url) as redis:
            appended, gone = (sum(map(int, _values(redis, name))) for name in ("appended", "gone"))
            return appended - gone

    def await_caught_up(self, *, seconds: float) -> None:
        """Until no more waits than comes in a moment, while more is coming."""
        most = FEEDERS * TICKERS_OF_EACH * 10
        wait_until(lambda: self.waiting() <= most, seconds=seconds, what="the lag to come down")

    def end(self) -> None:
        """All is taken, and all that is taken is recorded."""
        self.load.end()
        wait_until(lambda: self.waiting() == 0, seconds=30, what="the rest to be recorded")

    # -- What must have become of it -----------------------------------------------------------

    def assert_exact(self) -> None:
        """Each tick once and in order, numbers without a gap, and what is derived is right."""
        with self.snapshot() as database:
            ledger.assert_once_and_in_order(database, self.load, after=self.after)
            ledger.assert_numbered_without_gaps(database)
            derived.assert_candles(database)
            derived.assert_anomalies(database)

    def assert_exact_but_for_what_redis_had(self, *, killed: float) -> tuple[int, int]:
        """How many ticks were lost, acknowledged just before; and doubled, sent more than once."""
        with self.snapshot() as database:
            lost, doubled = ledger.lost_and_doubled(
                database, self.load, after=self.after, killed=killed
            )
            ledger.assert_numbered_without_gaps(database)
            derived.assert_candles(database)
            derived.assert_anomalies(database)
            return lost, doubled

    def assert_no_time_went_back(self) -> None:
        """No tick was placed before the one that was recorded before it."""
        with self.snapshot() as database:
            ledger.assert_no_time_went_back(database, after=self.after)

    # -- Partitions ----------------------------------------------------------------------------

    def take_partitions_away(self) -> dict[str, str]:
        """Today's; gives by table what its partition is called now."""
        taken = {}
        with self.database() as database, database.transaction():
            rows = database.execute(_TODAYS).fetchall()
            for table, partition in rows:
                database.execute(f"ALTER TABLE {table} DETACH PARTITION {partition}")
                database.execute(f"ALTER TABLE {partition} RENAME TO taken_{partition}")
                taken[table] = f"taken_{partition}"
        assert len(taken) == 3  # ticks, and candles of one and of five minutes
        return taken

    def put_back(self, taken: dict[str, str]) -> None:
        """Their ticks are in the history again, and their candles made anew."""
        with self.database() as database, database.transaction():
            ticks = taken.pop("pricefeed_tick")
            database.execute(f"INSERT INTO pricefeed_tick SELECT * FROM {ticks}")
            derived.assert_candles(database, intervals=("1h", "1d"))
            derived.assert_counted(database, halves=taken)
            for name in (ticks, *taken.values()):
                database.execute(f"DROP TABLE {name}")
        self._house.manage("rebuild_candles")

    def snapshot(self) -> psycopg.Connection[Any]:
        """All of one moment: prices go on while they are looked at."""
        database = psycopg.connect(self._house.postgres.url)
        database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return database

    def database(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._house.postgres.url, autocommit=True)

    def summary(self) -> str:
        """For the table of what was measured."""
        doubtful = sum(len(each.doubtful) * len(each.tickers) for each in self.load.feeders)
        seconds = time.monotonic() - self._began
        return (
            f"{self.load.acknowledged:,} ticks in {seconds:.0f} s, {doubtful:,} of them "
            "sent more than once"
        )


@contextmanager
def pushing(house: House, **options: Any) -> Iterator[Pushed]:
    """Feeders push until the end of the test, or until they are told to end."""
    pushed = Pushed(house, **options)
    with pushed.load:
        pushed.load.await_more(ticks=1000, seconds=20)
        yield pushed


def _values(redis: Redis, name: str) -> list[bytes]:
    found: Any = redis.hvals(f"{_PREFIX}:{name}")
    return list(found)
