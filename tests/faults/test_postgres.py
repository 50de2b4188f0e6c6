"""Postgres goes away in the middle of its work: what was committed stays, prices go on."""

import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import Watch
from tests.faults.house import TOLD_SECONDS, House
from tests.faults.servers import Postgres

AWAY_SECONDS = 6.0


@pytest.mark.parametrize("end", [Postgres.stop_at_once, Postgres.kill], ids=["stopped", "killed"])
def test_postgres_restarted(house: House, watch: Watch, end: Callable[[Postgres], None]) -> None:
    watched = watch(f"Postgres away for 6 s ({end.__name__})")
    before = house.committed()
    end(house.postgres)
    ends = time.monotonic() + AWAY_SECONDS
    watched.crowd.await_knowing(seconds=TOLD_SECONDS)
    assert all(member.is_open for member in watched.crowd.members)
    time.sleep(max(0.0, ends - time.monotonic()))
    house.postgres.start()
    ended = time.monotonic()
    after = house.committed()
    assert all(after[ticker].sequence >= held.sequence for ticker, held in before.items())
    watched.recovers(ended=ended)
