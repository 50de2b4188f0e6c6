"""Redis goes away in every way it can: everybody is told, and nobody has to do anything."""

import time

from tests.faults.conftest import Watch, Watched
from tests.faults.house import RECOVERY_SECONDS, TOLD_SECONDS, House
from tests.integration.conftest import MakeWire

AWAY_SECONDS = 10.0
DEAD_SECONDS = 4.0
"""A connection that was kept is found dead only when it is used, and there are several in a run."""


def endure(watched: Watched) -> None:
    """Everybody is told of a fault that has just begun; then wait until it may end."""
    ends = time.monotonic() + AWAY_SECONDS
    watched.crowd.await_knowing(seconds=TOLD_SECONDS)
    assert all(member.is_open for member in watched.crowd.members)  # told, not thrown out
    time.sleep(max(0.0, ends - time.monotonic()))


def test_redis_killed_and_back_with_nothing_in_it(house: House, watch: Watch) -> None:
    watched = watch("Redis killed for 10 s, back empty")
    house.valkey.kill()
    endure(watched)
    house.valkey.forget()
    house.valkey.start()
    watched.recovers(ended=time.monotonic())


def test_a_web_process_whose_link_to_redis_falls_silent(
    house: House, watch: Watch, wire: MakeWire
) -> None:
    cable, url = wire(house.valkey.url)
    web = house.borrow_web(REDIS_URL=url)
    watched = watch("Redis link of web silent for 10 s", port=web.port)
    cable.fall_silent()
    endure(watched)
    cable.speak()
    watched.recovers(ended=time.monotonic())


def test_a_worker_whose_link_to_redis_falls_silent(
    house: House, watch: Watch, wire: MakeWire
) -> None:
    cable, url = wire(house.valkey.url)
    house.borrow("worker", REDIS_URL=url)
    watched = watch("Redis link of worker silent for 10 s")
    cable.fall_silent()
    endure(watched)
    cable.speak()
    watched.recovers(ended=time.monotonic())


def test_links_to_redis_that_never_speak_again(house: House, watch: Watch, wire: MakeWire) -> None:
    """As when a firewall forgets connections: new ones work, the old ones stay dead for good."""
    cable, url = wire(house.valkey.url)
    house.borrow("worker", "beat", REDIS_URL=url)
    web = house.borrow_web(REDIS_URL=url)
    watched = watch("Redis links of all dead for good", port=web.port)
    cable.fall_silent()
    endure(watched)
    cable.forget()
    watched.recovers(ended=time.monotonic(), within=RECOVERY_SECONDS + DEAD_SECONDS)
