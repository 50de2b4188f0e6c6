"""CPU, memory and connections are those of the right processes."""

import os
import socket
import subprocess
import sys
import time

import pytest

from bench.section import percentile
from bench.usage import connections, cpu_seconds, family, usage

_BUSY = """
import time
while time.process_time() < 0.2: pass
print("done", flush=True)
time.sleep(60)
"""
_WITH_CHILD = """
import subprocess, sys
with subprocess.Popen([sys.executable, "-c", sys.argv[1]]) as child:
    child.wait()
"""


def test_cpu_time_is_the_process_own() -> None:
    began, idle_since = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - idle_since < 0.05:
        pass

    assert cpu_seconds(os.getpid()) - began == pytest.approx(
        time.process_time() - idle_since, abs=0.005
    )


def test_what_a_server_has_started_counts_for_it() -> None:
    command = [sys.executable, "-c", _WITH_CHILD, _BUSY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "done\n"
        _, child = family(server.pid)
        used = usage(server.pid)
        os.kill(child, 9)

    assert used.cpu_seconds >= 0.2
    assert used.resident_bytes > 2 * 2**20


def test_connections_are_counted_at_the_servers_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        ends = [listener.accept()[0] for _ in range(3)]
        assert connections(port) == 3

        ends[0].close()
        assert connections(port) == 2

        for each in (*clients, *ends):
            each.close()


def test_a_percentile_is_one_of_the_values() -> None:
    hundred = [float(value) for value in range(100, 0, -1)]

    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.99) == 99
    assert percentile([3.0], 0.99) == 3
