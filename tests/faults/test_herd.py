"""Everybody is cut at once, and everybody comes back at once."""

import time

from tests.faults.conftest import Watch
from tests.faults.house import House
from tests.faults.member import Member
from tests.integration.conftest import MakeWire
from tests.integration.processes import wait_until

SOCKETS_PER_USER = 4


def test_all_are_back_with_newest_prices_and_postgres_is_asked_for_none(
    house: House, watch: Watch, wire: MakeWire
) -> None:
    cable, _ = wire(house.web.url)
    herd = [
        Member(f"{each.name}/{number}", each.path, each.token)
        for each in house.members(prices=6)
        for number in range(SOCKETS_PER_USER)
    ]
    watched = watch(f"{len(herd)} clients cut at once", port=cable.port, members=herd)
    asked_before = house.postgres.log_size()
    cable.cut()
    wait_until(lambda: not any(m.is_open for m in herd), what="everybody cut")
    cable.mend()
    watched.recovers(ended=time.monotonic())

    asked = house.postgres.queries(program="web", start=asked_before)
    assert [query for query in asked if "securities_quote" in query] == []
    # What is counted as nothing here is counted at all.
    house.get(house.web, "securities/T1")
    wait_until(
        lambda: any(
            "securities_quote" in query
            for query in house.postgres.queries(program="web", start=asked_before)
        ),
        what="the query of a request for a price",
    )
