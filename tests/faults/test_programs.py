"""Programs of ours are killed, alone and together; a supervisor starts them again."""

import time

import pytest

from tests.faults.conftest import Watch
from tests.faults.crowd import Crowd
from tests.faults.house import TOLD_SECONDS, House
from tests.faults.member import Member
from tests.integration.processes import is_alive, wait_until

ABNORMAL = 1006


@pytest.mark.parametrize("killed", [("worker",), ("beat",), ("worker", "beat")], ids="+".join)
def test_worker_and_beat_killed(house: House, watch: Watch, killed: tuple[str, ...]) -> None:
    watched = watch(f"{' and '.join(killed)} killed")
    for name in killed:
        house.kill(name)
    watched.crowd.await_knowing(seconds=TOLD_SECONDS)
    for name in killed:
        house.start(name)
    house.await_ready(*killed)
    watched.recovers(ended=time.monotonic())


def test_redis_and_postgres_killed_at_once(house: House, watch: Watch) -> None:
    watched = watch("Redis and Postgres killed at once")
    house.valkey.kill()
    house.postgres.kill()
    watched.crowd.await_knowing(seconds=TOLD_SECONDS)
    house.valkey.start()
    house.postgres.start()
    watched.recovers(ended=time.monotonic())


def test_a_web_process_killed_beside_another(house: House, crowd: Crowd, watch: Watch) -> None:
    web = house.web
    # As many as it takes: one of the processes may accept all that come at once.
    crowd.join(web.port, Member("first", "prices"))
    while len(web.serving()) < 2 and len(crowd.members) < 200:
        crowd.join(web.port, Member(f"another{len(crowd.members)}", "prices"))
    watched = watch("one of two web processes killed")
    first, second = web.running.below()
    of_the_first = web.sockets_of(first)
    first.kill()
    watched.recovers(ended=time.monotonic(), told=of_the_first)

    cut = [
        member
        for member in watched.crowd.members
        if any(each.kind == "close" and each.at > watched.began for each in member.heard)
    ]
    assert 0 < len(cut) == of_the_first < len(watched.crowd.members)
    assert {each.detail for m in cut for each in m.heard if each.kind == "close"} == {ABNORMAL}
    wait_until(lambda: len(web.running.below()) == 2, seconds=5, what="a replacement")
    assert second in web.running.below()
    assert is_alive(second)
