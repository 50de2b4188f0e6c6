"""However it ends, nothing that `make run` or `exec` started outlives it."""

from __future__ import annotations

import os
import signal
import sys

import psycopg
import pytest

from tests.local.conftest import Launch
from tests.local.launched import await_true, name_of, server_url

STOP_SECONDS = 10.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_process(launch: Launch, number: signal.Signals) -> None:
    launched = launch().await_ready()
    assert len(launched.family()) >= 6

    launched.popen.send_signal(number)

    assert launched.popen.wait(STOP_SECONDS) == 0
    assert not launched.family()
    assert not (launched.project / "var" / "servers.json").exists()


def test_a_killed_launcher_leaves_nothing_behind(launch: Launch) -> None:
    launched = launch().await_ready()
    connection = psycopg.connect(server_url(launched))
    assert len(launched.family()) >= 6

    launched.popen.kill()

    launched.await_empty(STOP_SECONDS)
    connection.close()


def test_a_launcher_killed_with_its_guard_leaves_nothing_behind(launch: Launch) -> None:
    launched = launch().await_ready()

    launched.member("guard.py").kill()
    launched.popen.kill()

    def programs() -> list[str]:
        # The stand-in's own child is nobody's business any more: real servers end theirs.
        return [name for name in map(name_of, launched.family()) if name != "sleep"]

    await_true(lambda: not programs(), STOP_SECONDS, f"all gone of {programs()}")


def test_make_that_is_killed_takes_everything_with_it(launch: Launch) -> None:
    launched = launch("make", "run", f"PYTHON={sys.executable}").await_ready()

    launched.popen.kill()

    launched.await_empty(STOP_SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what make waits for")
def test_make_that_is_interrupted_alone_stops_everything(launch: Launch) -> None:
    launched = launch("make", "run", f"PYTHON={sys.executable}").await_ready()

    launched.popen.send_signal(signal.SIGINT)

    launched.await_empty(STOP_SECONDS)
    launched.popen.wait(1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what make waits for")
def test_ctrl_c_that_make_hears_as_well_is_one_stop(launch: Launch) -> None:
    launched = launch("make", "run", f"PYTHON={sys.executable}", STANDIN_DEAF="1").await_ready()
    launched.await_said("is up")  # and deaf; before, it would stop by itself

    os.killpg(launched.popen.pid, signal.SIGINT)

    launched.await_empty(STOP_SECONDS)
    launched.popen.wait(1)
    assert launched.output.count("stopping") == 1
    assert "does not stop by itself" in launched.output
    assert "Traceback" not in launched.output


def test_a_run_right_after_a_killed_one_waits_for_its_end(launch: Launch) -> None:
    first = launch(STANDIN_DEAF="1").await_ready()

    first.popen.kill()
    first.popen.wait()

    launch().await_ready()
    assert not first.family()


@pytest.mark.parametrize("_attempt", range(5))
def test_it_can_be_stopped_as_soon_as_it_has_started_anything(
    launch: Launch, _attempt: int
) -> None:
    launched = launch()
    while not launched.family():
        assert launched.popen.poll() is None

    launched.popen.send_signal(signal.SIGTERM)

    assert launched.popen.wait(STOP_SECONDS) == 0
    assert not launched.family()
