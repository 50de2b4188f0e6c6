"""CPU time of everything that a tick passes through, stage by stage."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import psycopg
import redis

from bench.process import BenchmarkFailed
from bench.usage import cpu_seconds, family

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_POSTGRES_NAMES = ("postgres", "postmaster")


class Clocks(NamedTuple):
    """At one moment: seconds of CPU so far, by stage."""

    at: float
    cpu: Mapping[str, float]

    def since(self, earlier: Self) -> dict[str, float]:
        return {stage: seconds - earlier.cpu[stage] for stage, seconds in self.cpu.items()}


def clocks(pids: Mapping[str, int], postmaster: int) -> Clocks:
    """Of our own programs by their process ids, of Postgres and of Redis."""
    cpu = {stage: sum(map(cpu_seconds, family(pid))) for stage, pid in pids.items()}
    cpu["Postgres"] = _with_the_dead(postmaster)
    cpu["Redis"] = _redis_seconds()
    return Clocks(time.monotonic(), cpu)


def postmaster_pid() -> int:
    """Postgres' first process. Raises BenchmarkFailed unless it runs on this machine."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        pid = connection.info.backend_pid
        with suppress(OSError):
            name, parent = _stat(pid)[0], int(_stat(pid)[2])
            if name in _POSTGRES_NAMES:
                return parent
    raise BenchmarkFailed("Postgres does not run on this machine.")


def _with_the_dead(postmaster: int) -> float:
    """Its backends come and go: those that have ended are in the times of the first process."""
    seconds = 0.0
    for pid in family(postmaster):
        with suppress(OSError, ProcessLookupError):
            seconds += cpu_seconds(pid)
    ended = sum(map(int, _stat(postmaster)[14:16]))  # cutime, cstime; see proc_pid_stat(5)
    return seconds + ended / _TICKS_PER_SECOND


def _redis_seconds() -> float:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        used = client.info("cpu")
    names = ("used_cpu_user", "used_cpu_sys", "used_cpu_user_children", "used_cpu_sys_children")
    return float(sum(used[name] for name in names))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/pid/stat without the first: name, state, parent …"""
    begin, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return [begin.partition("(")[2], *rest.split()]
