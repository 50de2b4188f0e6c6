"""Whatever dies under pushed load: each tick that was acknowledged is in the history once."""

import contextlib
import os
import random
import time
from datetime import timedelta
from pathlib import Path

import psutil

from tests.faults.conftest import Measure, Watch
from tests.faults.house import RECOVERY_SECONDS, House
from tests.faults.pushed import Pushed, pushing

KILLS = 20
SEED = int(os.environ.get("KILL_SEED") or random.randrange(10**6))
AWAY_SECONDS = 4.0
CLOCK = Path(__file__).parent / "clock"
BACK = timedelta(hours=1)


def is_in_a_transaction(pushed: Pushed) -> bool:
    """Whether a worker is in the middle of one."""
    with pushed.database() as database:
        row = database.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL"
            " AND backend_type = 'client backend' AND application_name = ''"
            " AND pid <> pg_backend_pid()"
        ).fetchone()
        return bool(row and row[0])


def test_workers_killed_at_random_moments_record_each_tick_once_and_in_order(
    house: House, measure: Measure
) -> None:
    """Mostly one of its processes, which has a batch in its hands; every third time all of it."""
    print(f"KILL_SEED={SEED} repeats this")
    chance, in_the_middle = random.Random(SEED), 0
    with pushing(house, seed=SEED) as pushed:
        for number in range(KILLS):
            house.await_commit(seconds=30)
            time.sleep(chance.uniform(0.0, 0.4))
            in_the_middle += is_in_a_transaction(pushed)
            if number % 3 == 2:
                house.kill("worker")
                house.start("worker", "-c", "2")
            else:
                with contextlib.suppress(psutil.NoSuchProcess):
                    chance.choice(house.running["worker"].below()).kill()
        pushed.end()
        pushed.assert_exact()
    measure(
        f"worker killed {KILLS} times (KILL_SEED={SEED})",
        f"{pushed.summary()}; {in_the_middle} kills in a transaction; none lost or doubled",
    )


def test_two_workers_and_two_beats_record_each_tick_once_and_in_order(
    house: House, measure: Measure
) -> None:
    for _ in range(2):
        house.lend(house.processes.beat())
    second = house.lend(house.processes.worker("-c", "2"))
    second.await_said(" ready.")
    with pushing(house) as pushed:
        pushed.load.await_more(ticks=15_000, seconds=60)
        second.await_said('"prices_updated"')  # it works, too
        pushed.end()
        pushed.assert_exact()
    measure("two workers, three Beats", f"{pushed.summary()}; none lost or doubled")


def test_postgres_restarted_under_load_loses_and_doubles_nothing(
    house: House, watch: Watch, measure: Measure
) -> None:
    watched = watch("Postgres away for 4 s under pushed load")
    with pushing(house) as pushed:
        house.postgres.stop_at_once()
        time.sleep(AWAY_SECONDS)
        waited = pushed.waiting()
        house.postgres.start()
        ended = time.monotonic()
        watched.recovers(ended=ended, told=0)
        pushed.await_caught_up(seconds=RECOVERY_SECONDS)
        measure("… until no more waits than before", f"{time.monotonic() - ended:.2f} s")
        pushed.end()
        pushed.assert_exact()
    assert waited > 0
    measure("… pushed meanwhile", f"{pushed.summary()}; {waited:,} waited; none lost or doubled")


def test_redis_killed_under_load_and_back_with_what_it_had(
    house: House, watch: Watch, measure: Measure
) -> None:
    """As we run it: what it has acknowledged is in its file."""
    watched = watch("Redis killed for 4 s under pushed load")
    with pushing(house) as pushed:
        house.valkey.kill()
        time.sleep(AWAY_SECONDS)
        house.valkey.start()
        watched.recovers(ended=time.monotonic(), told=0)
        pushed.load.await_more(ticks=1000, seconds=RECOVERY_SECONDS)
        pushed.end()
        pushed.assert_exact()
    measure("… pushed meanwhile", f"{pushed.summary()}; none lost or doubled")


def test_redis_killed_under_load_and_back_with_nothing_in_it(
    house: House, watch: Watch, measure: Measure
) -> None:
    """Lost is what waited in that moment, doubled what was under way and is sent again."""
    watched = watch("Redis killed for 4 s under pushed load, back empty")
    with pushing(house) as pushed:
        killed = time.monotonic()
        house.valkey.kill()
        time.sleep(AWAY_SECONDS)
        house.valkey.forget()
        house.valkey.start()
        watched.recovers(ended=time.monotonic(), told=0)
        pushed.load.await_more(ticks=1000, seconds=RECOVERY_SECONDS)
        pushed.end()
        lost, doubled = pushed.assert_exact_but_for_what_redis_had(killed=killed)
    measure("… pushed meanwhile", f"{pushed.summary()}; lost {lost:,}, doubled {doubled:,}")


def test_a_day_whose_partitions_are_missing_is_given_new_ones(
    house: House, measure: Measure
) -> None:
    """Taken away under processes that know that they are there."""
    with pushing(house, own_times=False) as pushed:  # whose late ticks would look there
        taken = pushed.take_partitions_away()
        began = time.monotonic()
        house.await_commit(seconds=RECOVERY_SECONDS)
        seconds = time.monotonic() - began
        pushed.load.await_more(ticks=1000, seconds=10)
        pushed.end()
        pushed.put_back(taken)
        pushed.assert_exact()
    measure("today's partitions missing", f"recorded on after {seconds:.2f} s; {pushed.summary()}")


def test_a_clock_that_jumps_back_stops_nothing(
    house: House, watch: Watch, measure: Measure, tmp_path: Path
) -> None:
    """An hour, for all programs at once; tokens of that hour are not good any more."""
    file = tmp_path / "seconds"
    env = {"PYTHONPATH": str(CLOCK), "CLOCK_FILE": str(file)}
    house.borrow("worker", "beat", **env)
    web = house.borrow_web(**env)
    guests = house.members(users=0, prices=4)
    watched = watch("the clock jumps back an hour", port=web.port, members=guests)
    with pushing(house, web=web, own_times=False) as pushed:
        file.with_suffix(".new").write_text(f"{-BACK.total_seconds()}")
        file.with_suffix(".new").rename(file)
        ended = time.monotonic()
        watched.recovers(ended=ended, told=0)
        runs = house.running["worker"].output.count('"prices_updated"')
        pushed.load.await_more(ticks=5000, seconds=30)
        pushed.end()
        pushed.assert_exact()
        pushed.assert_no_time_went_back()
    assert house.running["worker"].output.count('"prices_updated"') > runs
    measure("… pushed meanwhile", f"{pushed.summary()}; none lost or doubled")
