"""`make run` starts everything, tells where it is, and looks after it."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import urllib.request

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from deploy.local.ports import LOOPBACK, free_port
from tests.integration.processes import START_SECONDS
from tests.local.conftest import Launch
from tests.local.launched import Launched, await_true, server_url

BACK_SECONDS = 10.0


def waiting(launched: Launched) -> bytes | None:
    """What has been put into Valkey under this name."""
    with Redis.from_url(server_url(launched, "REDIS_URL")) as client:
        try:
            found: bytes | None = client.get("waiting")  # type: ignore[assignment]
        except RedisError:
            return None
        return found


def test_it_tells_where_to_open_the_screen_and_with_which_account(launch: Launch) -> None:
    launched = launch().await_ready()

    told = launched.await_said(r"open: +(http://\S+)  user (\w+), password (\w+)")
    kept = launched.project / "var" / "demo.password"
    assert told[2] == "demo"
    assert told[3] == kept.read_text().strip()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert urllib.request.urlopen(told[1]).status == 200
    assert "\033[" not in launched.output, "colours in a file"
    assert told[3] not in (launched.project / "var/log/tickwatch.log").read_text()


def test_the_next_start_has_the_same_data_and_passwords(launch: Launch) -> None:
    first = launch().await_ready()
    with psycopg.connect(server_url(first)) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    with Redis.from_url(server_url(first, "REDIS_URL")) as client:
        client.set("waiting", "1")
    password = first.await_said(r"user demo, password (\w+)")[1]
    first.popen.send_signal(signal.SIGTERM)
    first.popen.wait(10)

    second = launch().await_ready()
    assert second.await_said(r"user demo, password (\w+)")[1] == password
    with psycopg.connect(server_url(second)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert waiting(second) == b"1"


def test_a_service_that_dies_is_started_again_and_the_log_says_so(launch: Launch) -> None:
    launched = launch().await_ready()
    for name, words in {
        "worker": ("celery", "worker"),
        "web": ("config.server",),
        "valkey": ("valkey-server",),
    }.items():
        before = launched.member(*words)
        before.kill()
        launched.await_said(rf"{name} stopped unexpectedly \(SIGKILL\); it starts again")

        def is_back(words: tuple[str, ...] = words, old: int = before.pid) -> bool:
            return any(
                process.pid != old and all(word in " ".join(process.cmdline()) for word in words)
                for process in launched.family()
            )

        await_true(is_back, BACK_SECONDS, f"{name} is back")


def test_postgres_keeps_what_was_committed_when_it_is_killed(launch: Launch) -> None:
    launched = launch().await_ready()
    url = server_url(launched)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")

    launched.member("bin/postgres", "-D").kill()

    def rows() -> object:
        try:
            with psycopg.connect(url) as connection:
                return connection.execute("SELECT count(*) FROM kept").fetchone()
        except psycopg.OperationalError:
            return None

    await_true(lambda: rows() == (1000,), 20, "the rows are there again")
    assert re.search(r"postgres stopped unexpectedly \(SIGKILL\)", launched.output)


def test_valkey_keeps_what_it_has_answered_when_it_is_killed(launch: Launch) -> None:
    launched = launch().await_ready()
    with Redis.from_url(server_url(launched, "REDIS_URL")) as client:
        client.set("waiting", "1")
    launched.member("valkey-server").kill()
    await_true(lambda: waiting(launched) == b"1", BACK_SECONDS, "what waited is there again")


def test_a_pid_file_of_before_a_power_cut_does_not_stop_postgres(launch: Launch) -> None:
    first = launch().await_ready()
    first.popen.send_signal(signal.SIGTERM)
    first.popen.wait(10)
    # After a reboot the number belongs to some other program, here to this test.
    (first.project / "var/postgres/postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")

    launch().await_ready()


def test_a_second_run_in_the_same_folder_is_refused_whatever_its_port(launch: Launch) -> None:
    first = launch().await_ready()
    for port in (first.port, str(free_port())):
        second = launch(PORT=port)

        assert second.popen.wait(START_SECONDS) == 1
        assert second.output.strip() == (
            f"tickwatch: Tickwatch is already running in this folder (process {first.popen.pid}). "
            f"Stop it first: Ctrl-C in its window, or kill {first.popen.pid}"
        )
    assert first.popen.poll() is None


def test_a_taken_port_is_one_sentence(launch: Launch) -> None:
    with socket.socket() as another_program:
        another_program.bind((LOOPBACK, 0))
        another_program.listen(1)
        port = another_program.getsockname()[1]
        launched = launch(PORT=str(port))

        assert launched.popen.wait(START_SECONDS) == 1
    assert launched.output.strip() == (
        f"tickwatch: Port {port} is taken by another program. "
        f"Choose another: make run PORT={port + 1}"
    )


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_one_sentence(launch: Launch, port: str) -> None:
    launched = launch(PORT=port)

    assert launched.popen.wait(START_SECONDS) == 1
    assert re.fullmatch(r"tickwatch: PORT is '.*', but must be .*\n", launched.output)


def test_it_comes_up_under_whatever_names_it_is_to_answer_to(launch: Launch) -> None:
    launch(ALLOWED_HOSTS="stocks.example.com").await_ready()


def test_a_wrong_setting_ends_it_with_one_sentence_and_leaves_nothing(launch: Launch) -> None:
    launched = launch(STANDIN_WRONG_SETTING="1")

    assert launched.popen.wait(START_SECONDS) == 1
    assert launched.output.strip().splitlines()[-1] == (
        "tickwatch: Tickwatch cannot start: PRICE_UPDATE_SECONDS is 'abc', but must be a number."
    )
    launched.await_empty(5)


def test_a_program_that_fails_at_every_start_ends_it_with_its_last_words(launch: Launch) -> None:
    launched = launch(STANDIN_FAILS="1")

    assert launched.popen.wait(START_SECONDS) == 1
    assert launched.output.count("it starts again in") == 2
    assert launched.output.strip().splitlines()[-1] == (
        "tickwatch: web fails at every start: stopped: the stand-in fails on purpose"
    )
    launched.await_empty(5)


def test_a_server_named_in_the_environment_must_answer(launch: Launch) -> None:
    port = free_port()
    launched = launch(DATABASE_URL=f"postgres://user:secret@127.0.0.1:{port}/db")

    assert launched.popen.wait(START_SECONDS) == 1
    assert f"Nobody answers at 127.0.0.1 port {port}, which DATABASE_URL names" in launched.output
    assert "secret" not in launched.output
