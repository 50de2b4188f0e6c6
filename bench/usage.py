"""What a server costs: CPU time and memory, of its process and of all it has started."""

import os
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ESTABLISHED = "01"  # include/net/tcp_states.h
_SCHEDULED = 2  # linux/posix-timers.h, CPUCLOCK_SCHED


class Usage(NamedTuple):
    """At one moment."""

    cpu_seconds: float
    """User and system, all threads, those that have ended included."""
    resident_bytes: int
    """Memory that is in RAM; what processes share counts for each of them."""


def usage(pid: int) -> Usage:
    """Of a process and its descendants."""
    pids = family(pid)
    return Usage(sum(map(cpu_seconds, pids)), sum(map(resident_bytes, pids)))


def cpu_seconds(pid: int) -> float:
    """CPU time of one process, to the nanosecond: its CPU clock, which /proc rounds to 10 ms."""
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def resident_bytes(pid: int) -> int:
    """Memory of one process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def connections(port: int) -> int:
    """How many a server at this port of 127.0.0.1 holds: what it has closed does not count."""
    local, states = f"{int.from_bytes(bytes((127, 0, 0, 1)), sys.byteorder):08X}:{port:04X}", 0
    with Path("/proc/net/tcp").open() as lines:
        for line in lines:
            _, address, _, state, _ = line.split(maxsplit=4)
            states += address == local and state == _ESTABLISHED
    return states


def family(pid: int) -> list[int]:
    """The process, its children and theirs."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # it has just ended
                stat = (entry / "stat").read_text()
                children[int(stat.rpartition(")")[2].split()[1])].append(int(entry.name))
    found = [pid]
    for each in found:
        found += children[each]
    return found
