"""`exec -- CMD` runs one command with servers around it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.local.conftest import Launch
from tests.local.launched import await_true, environment, server_url

PRINT_URL = (sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'])")
SHOW_FSYNC = """
import os, psycopg
print(psycopg.connect(os.environ["DATABASE_URL"]).execute("SHOW fsync").fetchone()[0])
"""


def execute(project: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", "exec", *words],
        cwd=project,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_throwaway_database_is_fast_and_leaves_nothing(project: Path) -> None:
    done = execute(project, "--throwaway", "--", sys.executable, "-c", SHOW_FSYNC)

    assert (done.stdout, done.returncode) == ("off\n", 0), done.stderr
    assert not list((project / "var").glob("throwaway-*"))


def test_data_of_its_own_is_safe_and_stays(project: Path) -> None:
    done = execute(project, "--", sys.executable, "-c", SHOW_FSYNC)

    assert (done.stdout, done.returncode) == ("on\n", 0), done.stderr
    assert (project / "var" / "postgres" / "PG_VERSION").read_text().strip() == "18"


def test_the_exit_code_is_the_command_s(project: Path) -> None:
    assert execute(project, "--no-servers", "--", "sh", "-c", "exit 7").returncode == 7
    assert execute(project, "--no-servers", "--", "sh", "-c", "kill -9 $$").returncode == 137


def test_it_uses_the_servers_of_a_run_in_the_same_folder(launch: Launch, project: Path) -> None:
    launched = launch().await_ready()

    done = execute(project, "--", *PRINT_URL)

    assert done.stdout.strip() == server_url(launched), done.stderr
    assert launched.popen.poll() is None
    assert json.loads((project / "var" / "servers.json").read_text())


def test_servers_named_in_the_environment_are_used_as_they_are(
    launch: Launch, project: Path
) -> None:
    url = server_url(launch().await_ready())

    done = execute(project, "--throwaway", "--", *PRINT_URL, DATABASE_URL=url)

    assert done.stdout.strip() == url, done.stderr


def test_a_killed_exec_takes_its_command_and_servers_with_it(launch: Launch) -> None:
    command = (sys.executable, "-m", "deploy.local", "exec", "--throwaway", "--")
    launched = launch(*command, "sh", "-c", "echo running; sleep 1000 & sleep 1000")
    launched.await_said("running")
    await_true(lambda: len(launched.family()) >= 6, 10, "everybody is there")

    launched.popen.kill()

    launched.await_empty(10)
    await_true(
        lambda: not list((launched.project / "var").glob("throwaway-*")), 5, "data is removed"
    )
