"""Both web processes are replaced while thousands look at prices."""

import os
import signal
import time

from tests.faults.conftest import Measure
from tests.faults.house import House
from tests.integration.processes import wait_until
from tests.integration.test_rolling_restart import GOING_AWAY, Crowd

CLIENTS = 5000
PERIOD_SECONDS = 5.0
"""As it is where nobody sets another."""
RESTART_SECONDS = 90.0


def test_five_thousand_go_without_new_prices_for_less_than_two_periods(
    house: House, measure: Measure
) -> None:
    slower = {"PRICE_UPDATE_SECONDS": f"{PERIOD_SECONDS:g}", "PRICE_STALE_SECONDS": "15"}
    house.borrow("worker", "beat", **slower)
    web = house.borrow_web(WEB_PROCESSES="2", **slower)
    old = {process.pid for process in web.running.below()}
    crowd = Crowd(f"ws://127.0.0.1:{web.port}/ws/prices?tickers=T1,T2,T3", CLIENTS)
    try:
        wait_until(crowd.are_in, seconds=60, what="prices for everybody")
        began = time.monotonic()
        os.kill(web.running.popen.pid, signal.SIGHUP)
        web.running.await_said("web_restart_done", seconds=RESTART_SECONDS)
        seconds = time.monotonic() - began
        time.sleep(2 * PERIOD_SECONDS)
    finally:
        crowd.leave()

    gaps = sorted(each.longest_gap for each in crowd.members)
    measure(
        f"rolling restart under {CLIENTS:,} clients, {seconds:.0f} s",
        f"longest without new prices: {gaps[-1]:.1f} s, median {gaps[len(gaps) // 2]:.1f} s",
    )
    assert not old & {process.pid for process in web.running.below()}
    assert {code for each in crowd.members for code in each.codes} == {GOING_AWAY}
    assert all(each.connections > 1 for each in crowd.members)
    assert gaps[-1] < 2 * PERIOD_SECONDS
