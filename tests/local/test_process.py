"""How one process is followed and stopped."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.guard import Guard
from deploy.local.log import Log
from deploy.local.process import Command, Processes
from tests.integration.processes import is_alive

GRACE_SECONDS = 0.3


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def processes(screen: io.StringIO) -> AsyncIterator[Processes]:
    guard = Guard()
    async with Processes(Log(screen), guard) as started:
        yield started
    guard.close()


def shell(script: str) -> Command:
    argv = ("bash", "-c", script)
    return Command("shell", argv, cwd=Path("/"), grace_seconds=GRACE_SECONDS)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - other processes raise no events here
            await asyncio.sleep(0.01)


async def test_one_that_does_not_listen_is_killed_after_its_grace(
    processes: Processes, screen: io.StringIO
) -> None:
    process = processes.start(shell("trap '' TERM; echo deaf; while :; do sleep 0.1; done"))
    await until(lambda: "deaf" in screen.getvalue())
    started = time.monotonic()

    await process.stop()

    assert GRACE_SECONDS <= time.monotonic() - started < GRACE_SECONDS + 10
    assert await process.exit_code() == -9
    assert "shell does not stop by itself: killed" in screen.getvalue()


async def test_the_end_of_one_is_the_end_of_its_children(
    processes: Processes, screen: io.StringIO
) -> None:
    process = processes.start(shell("sleep 1000 & echo child $!; exit 3"))

    async with asyncio.timeout(20):
        assert await process.exit_code() == 3
    child = int(screen.getvalue().split()[-1])
    await until(lambda: not (psutil.pid_exists(child) and is_alive(psutil.Process(child))))


async def test_who_gives_up_waiting_does_not_end_the_wait_of_others(processes: Processes) -> None:
    process = processes.start(shell("sleep 0.3; exit 5"))
    impatient = asyncio.create_task(process.exit_code())
    await asyncio.sleep(0)
    impatient.cancel()

    assert await process.exit_code() == 5


async def test_its_last_words_are_kept_even_without_a_line_s_end(
    processes: Processes, screen: io.StringIO
) -> None:
    process, code = await processes.run(shell("echo first; echo; printf 'the \\377 last'"))

    assert code == 0
    assert process.last_words == "the \ufffd last"
    assert screen.getvalue().splitlines() == ["shell     | first", "shell     | the \ufffd last"]
