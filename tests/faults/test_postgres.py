"""Postgres goes away in the middle of its work: what was committed stays, prices go on."""

import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import Watch
from tests.faults.house import TOLD_SECONDS, House
from tests.faults.person import Person, heard
from tests.faults.servers import Postgres
from tests.integration.processes import wait_until

AWAY_SECONDS = 6.0
BACK_SECONDS = 20.0


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


def test_an_edit_that_was_acknowledged_outlives_a_crash_of_everything(
    house: House, person: Person
) -> None:
    for ticker in ("T1", "T2", "T3"):
        person.api.put(f"watchlist/{ticker}").raise_for_status()
    person.api.delete("watchlist/T2").raise_for_status()
    house.postgres.kill()
    house.valkey.kill()
    house.postgres.start()
    house.valkey.start()

    def listed() -> list[str] | None:
        answer = person.api.get("watchlist")
        return [each["ticker"] for each in answer.json()] if answer.is_success else None

    wait_until(lambda: listed() is not None, seconds=BACK_SECONDS, what="the list")
    assert listed() == ["T1", "T3"]
    snapshot = heard(person.open_socket(), "snapshot")
    assert [each["ticker"] for each in snapshot["quotes"]] == ["T1", "T3"]
