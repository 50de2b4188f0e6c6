"""A million frames of nonsense: the server bears them, and a good client does not notice."""

import json
import os
import random
import subprocess
import sys
import time

import psutil

from tests.faults.conftest import Measure
from tests.faults.crowd import Crowd
from tests.faults.house import MACHINE_SECONDS, PERIOD_SECONDS, House
from tests.faults.nonsense import FATAL, HARMLESS, REFUSED
from tests.integration.processes import ROOT, Running, wait_until

FRAMES = int(os.environ.get("NOISE_FRAMES", "1000000"))
SEED = os.environ.get("NOISE_SEED") or str(random.randrange(10**9))
WARM_UP_FRAMES = 30_000
TIME_LIMIT_SECONDS = 240
GROWTH_BYTES = 32 * 1024 * 1024


def make_noise(port: int, *, seed: str, frames: int) -> dict[str, dict[str, int]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.noise", str(port), seed, str(frames)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, dict[str, int]] = json.loads(done.stdout)
    return told


def test_a_million_frames_of_nonsense_and_a_neighbour_that_does_not_notice(
    house: House, crowd: Crowd, measure: Measure
) -> None:
    print(f"NOISE_SEED={SEED} repeats this")
    web = house.borrow_web()
    user, guest = house.members(users=1, prices=3)[0], house.members(users=0, prices=3)[2]
    crowd.join(web.port, user, guest)
    make_noise(web.port, seed=f"{SEED} warm-up", frames=WARM_UP_FRAMES)
    server = psutil.Process(web.running.popen.pid)
    before, first = server.memory_info().rss, house.sequence()
    began = time.monotonic()
    told = make_noise(web.port, seed=SEED, frames=FRAMES)
    seconds = time.monotonic() - began
    print(told)
    assert told["frames"] == FRAMES
    gap = max(member.longest_gap(since=began) for member in crowd.members)
    lags = sorted(lag for member in crowd.members for lag in member.lags)

    house.await_commit(seconds=10)
    crowd.await_holding(house.committed(), seconds=5)
    wait_until(lambda: web.sockets() == 2, seconds=10, what="the end of all noisy sockets")
    grown = server.memory_info().rss - before
    measure(
        f"{FRAMES:,} frames of nonsense in {seconds:.0f} s",
        f"neighbour's oldest price {lags[-1]:.2f} s, longest gap {gap:.2f} s;"
        f" memory {grown >> 10:+} KB",
    )
    complaints = complaints_of(web.running)
    assert not complaints, "\n".join(complaints)
    every_kind = {name for makers in (HARMLESS, REFUSED, FATAL) for name, _, _ in makers}
    assert told["sent"].keys() == every_kind
    # Closed for each of its reasons: it was read, and not only thrown away.
    assert {"1002", "1007", "1009", "4000", "4029"} <= told["ends"].keys(), told["ends"]

    crowd.assert_well_treated(since=began, limit_seconds=2 * PERIOD_SECONDS + MACHINE_SECONDS)
    assert {each.kind for m in crowd.members for each in m.heard if each.at > began} <= {
        "prices",
        "heartbeat",
    }
    assert lags[-1] < 2 * PERIOD_SECONDS + MACHINE_SECONDS
    assert lags[len(lags) * 9 // 10] < 2 * PERIOD_SECONDS  # the machine stands still now and then
    upto = guest.holds["T4"].sequence
    committed = [n for n in house.sequences_of("T4", after=first) if n <= upto]
    assert [n for n in guest.sequences("T4") if n > first] == committed  # every tick
    assert grown < GROWTH_BYTES


def complaints_of(program: Running) -> list[str]:
    """What its log says of something wrong, each once: nonsense is nothing to speak of."""
    return sorted(
        {f"{e['event']} {e.get('cause')}" for e in program.events if e["level"] != "info"}
    )
