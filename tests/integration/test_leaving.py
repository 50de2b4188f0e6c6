"""How web processes leave: told once they leave well, told twice at once, and they always end."""

import contextlib
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from django.db import connection
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from accounts.services import tokens_issue
from deploy.local.ports import free_port
from pricefeed.services import prices_update
from securities.models import Security
from tests.integration.processes import (
    START_SECONDS,
    STOP_SECONDS,
    Processes,
    is_alive,
    wait_until,
)
from tests.integration.test_server_process import Rising, close_code, next_frame, stalled
from tests.integration.web import Web

GOING_AWAY, ABNORMAL = 4100, 1006
CUT_OFF = 1
HINT = re.compile(r"going away; retry_after_ms=\d{1,6}")


@contextlib.contextmanager
def opened(web: Web) -> Iterator[ClientConnection]:
    """A socket that has been let in; what comes then depends."""
    address = f"ws://127.0.0.1:{web.port}/ws/prices/T1"
    with connect(address, open_timeout=10, close_timeout=0.1) as client:
        yield client


def readiness(web: Web) -> httpx.Response:
    return httpx.get(f"{web.url}/health/ready", timeout=30)


def is_draining(web: Web) -> bool:
    return "draining" in readiness(web).json()["checks"]


@pytest.fixture
def locked(market: list[Security]) -> Iterator[None]:
    """Nobody can read the securities: requests for them hang in Postgres."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK securities_security IN ACCESS EXCLUSIVE MODE")
        yield
        cursor.execute("ROLLBACK")


@pytest.mark.parametrize("count", ["1", "2"])
def test_told_to_stop_it_is_not_ready_any_more_but_serves_until_the_drain_is_over(
    processes: Processes, here: None, market: list[Security], count: str
) -> None:
    prices_update(source=Rising())
    web = Web(processes, WEB_PROCESSES=count, WEB_DRAIN_SECONDS="3")
    assert readiness(web).status_code == 200
    with opened(web) as client:
        next_frame(client, "snapshot")
        began = time.monotonic()
        web.running.popen.terminate()
        wait_until(lambda: is_draining(web), seconds=2, what="a readiness that fails")

        answer = readiness(web)
        assert answer.status_code == 503
        assert answer.json()["checks"]["draining"]["status"] == "failed"
        assert answer.headers["Connection"] == "close"
        assert httpx.get(f"{web.url}/health").status_code == 200
        with opened(web) as newcomer:
            assert close_code(newcomer) == GOING_AWAY
            assert HINT.fullmatch(newcomer.close_reason or "")
        prices_update(source=Rising())
        next_frame(client, "prices")

        assert close_code(client) == GOING_AWAY
        assert HINT.fullmatch(client.close_reason or "")
        assert time.monotonic() - began > 3
    assert web.running.wait(seconds=STOP_SECONDS) == 0, web.running.told()


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_second_signal_ends_it_at_once(
    processes: Processes, market: list[Security], count: str
) -> None:
    web = Web(processes, WEB_PROCESSES=count, WEB_DRAIN_SECONDS="60")
    below = web.running.below()
    with opened(web) as client:
        next_frame(client, "snapshot")
        web.running.popen.terminate()
        wait_until(lambda: is_draining(web), seconds=2, what="a readiness that fails")
        web.running.popen.terminate()
        assert web.running.wait(seconds=2) == CUT_OFF, web.running.told()
        assert close_code(client) == ABNORMAL
    assert not any(map(is_alive, below))


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_request_that_hangs_does_not_keep_it(
    processes: Processes, locked: None, count: str
) -> None:
    web = Web(processes, WEB_PROCESSES=count, WEB_DRAIN_SECONDS="0", WEB_GRACE_SECONDS="1")
    with socket.create_connection(("127.0.0.1", web.port)) as client:
        client.sendall(b"GET /api/v1/securities/T1 HTTP/1.1\r\nHost: localhost\r\n\r\n")

        def hangs() -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
                return cursor.fetchone() is not None

        wait_until(hangs, what="a request that waits for the lock")
        began = time.monotonic()
        assert web.running.stop(seconds=4) == CUT_OFF
        assert time.monotonic() - began > 1


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_signal_while_it_starts_ends_it_without_a_trace(processes: Processes, count: str) -> None:
    running = processes.start("web", "config.server", WEB_PROCESSES=count)
    if count == "2":
        wait_until(running.below, seconds=20, what="a serving process")
    below = running.below()
    running.popen.terminate()
    assert running.wait(seconds=3) in {0, -signal.SIGTERM}
    assert not any(map(is_alive, below))
    assert "Traceback" not in running.output


def test_ctrl_c_reaches_all_processes_and_counts_as_one_signal(
    processes: Processes, market: list[Security]
) -> None:
    web = Web(processes, WEB_PROCESSES="2", WEB_DRAIN_SECONDS="0.3")
    with opened(web) as client:
        next_frame(client, "snapshot")
        os.killpg(web.running.popen.pid, signal.SIGINT)
        assert close_code(client) == GOING_AWAY
    assert web.running.wait(seconds=STOP_SECONDS) == 0, web.running.told()
    assert "Traceback" not in web.running.output


def test_a_signal_to_the_whole_group_is_one_signal_whoever_hears_it_first(
    processes: Processes, market: list[Security]
) -> None:
    """As systemd and other supervisors send it."""
    web = Web(processes, WEB_PROCESSES="2", WEB_DRAIN_SECONDS="1")
    with opened(web) as client:
        next_frame(client, "snapshot")
        web.running.popen.terminate()
        wait_until(lambda: is_draining(web), seconds=5, what="a readiness that fails")
        for process in web.running.below():
            process.terminate()
        assert close_code(client) == GOING_AWAY
    assert web.running.wait(seconds=STOP_SECONDS) == 0, web.running.told()


def test_what_a_terminal_sends_does_not_hurt_processes_that_are_starting(
    processes: Processes,
) -> None:
    port = str(free_port())
    running = processes.start("web", "config.server", WEB_PROCESSES="2", PORT=port)
    wait_until(lambda: len(running.below()) == 2, seconds=START_SECONDS, what="two processes")
    below = running.below()

    def serve() -> bool:
        for process in below:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGHUP)
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{port}/health", timeout=30).is_success
        return False

    wait_until(serve, seconds=START_SECONDS, what="processes that serve")
    assert running.below() == below
    assert running.stop() == 0
    assert "Traceback" not in running.output


def test_alone_it_takes_the_end_of_a_terminal_for_a_signal_to_stop(
    processes: Processes, market: list[Security]
) -> None:
    web = Web(processes, WEB_DRAIN_SECONDS="0")
    with opened(web) as client:
        next_frame(client, "snapshot")
        web.running.popen.send_signal(signal.SIGHUP)
        assert close_code(client) == GOING_AWAY
    assert web.running.wait(seconds=STOP_SECONDS) == 0


def test_processes_whose_minder_was_killed_leave_by_themselves(
    processes: Processes, market: list[Security]
) -> None:
    web = Web(processes, WEB_PROCESSES="2", WEB_DRAIN_SECONDS="0")
    below = web.running.below()
    with opened(web) as client:
        next_frame(client, "snapshot")
        web.running.kill()
        assert close_code(client) == GOING_AWAY
    # The other one may not have come so far as to notice.
    wait_until(lambda: not any(map(is_alive, below)), seconds=START_SECONDS, what="their end")


def test_it_accepts_nobody_once_it_sends_its_sockets_away(
    processes: Processes, here: None, market: list[Security]
) -> None:
    """A proxy then asks the next one, instead of a process that is about to end."""
    web = Web(processes, WEB_DRAIN_SECONDS="0")
    with opened(web) as client, stalled(web):  # who never answers keeps it for two seconds
        next_frame(client, "snapshot")
        web.running.popen.terminate()
        assert close_code(client) == GOING_AWAY
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", web.port), timeout=1)
        assert web.running.popen.poll() is None
        assert web.running.wait(seconds=5) == 0, web.running.told()


def test_who_was_about_to_sign_in_is_let_in_and_then_told_like_the_others(
    processes: Processes, here: None, market: list[Security], alice: User
) -> None:
    prices_update(source=Rising())
    web = Web(processes, WEB_DRAIN_SECONDS="0")
    token = tokens_issue(user=alice).access
    address = f"ws://127.0.0.1:{web.port}/ws/watchlist"
    with opened(web) as other, connect(address, open_timeout=10, close_timeout=0.1) as client:
        web.running.popen.terminate()
        assert close_code(other) == GOING_AWAY
        client.send(json.dumps({"type": "auth", "token": token}))
        next_frame(client, "snapshot")
        assert close_code(client) == GOING_AWAY
        assert HINT.fullmatch(client.close_reason or "")
    assert web.running.wait(seconds=5) == 0, web.running.told()


def living(web: Web) -> set[int]:
    return {process.pid for process in web.running.below() if is_alive(process)}


def test_a_process_that_dies_on_its_own_is_still_replaced_after_a_restart(
    processes: Processes, market: list[Security]
) -> None:
    web = Web(processes, WEB_PROCESSES="2")
    web.running.popen.send_signal(signal.SIGHUP)
    web.running.await_said("web_restart_done")
    now = living(web)
    assert len(now) == 2
    psutil.Process(min(now)).kill()
    wait_until(lambda: len(living(web) - {min(now)}) == 2, seconds=5, what="two processes")
    assert web.running.stop() == 0
