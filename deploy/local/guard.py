"""A watchdog that ends what the launcher started, should the launcher itself be killed.

The launcher keeps the writing end of a pipe and tells which processes it has. When the pipe
closes without a farewell, however that came to pass, the guard asks each of them to stop and
kills the process groups of those that do not. It runs as a script of its own, in a session of
its own, so that neither Ctrl-C nor a closed terminal reaches it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

_GRACE_SECONDS = 4.0
_POLL_SECONDS = 0.05


class Guard:
    """The launcher's side: says what is to be ended with us."""

    def __init__(self, *, keep_open: tuple[int, ...] = ()) -> None:
        """`keep_open`: descriptors, such as a lock's, that stay open until the guard is done."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=keep_open,
        )

    def add(self, pid: int, *, stop_signal: signal.Signals, is_group: bool) -> None:
        self._tell("add", str(pid), str(int(stop_signal)), str(int(is_group)))

    def drop(self, pid: int) -> None:
        self._tell("drop", str(pid))

    def remove_afterwards(self, folder: str) -> None:
        """Delete `folder` when everything has ended."""
        self._tell("remove", folder)

    def close(self) -> None:
        """Let the guard finish: whatever was not dropped is ended now."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _tell(self, *words: str) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write("\t".join(words).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # Somebody killed the guard: PDEATHSIG still covers the children.


def watch() -> None:
    """The guard's side: listen until the pipe closes, then clear up."""
    for deaf_to in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(deaf_to, signal.SIG_IGN)
    wards: dict[int, tuple[int, bool]] = {}
    folders: list[str] = []
    for line in sys.stdin:
        match line.rstrip("\n").split("\t"):
            case ["add", pid, stop_signal, is_group]:
                wards[int(pid)] = (int(stop_signal), is_group == "1")
            case ["drop", pid]:
                wards.pop(int(pid), None)
            case ["remove", folder]:
                folders.append(folder)
    _end(wards)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end(wards: dict[int, tuple[int, bool]]) -> None:
    """Every ward gets some seconds to stop by itself; those it leaves behind get none."""
    for pid, (stop_signal, _) in wards.items():
        _send(pid, stop_signal, is_group=False)
    deadline = time.monotonic() + _GRACE_SECONDS
    left = dict(wards)
    while left:
        time.sleep(_POLL_SECONDS)
        for pid, (_, is_group) in list(left.items()):
            is_alive = _send(pid, 0, is_group=False)
            if is_alive and time.monotonic() < deadline:
                continue
            _send(pid, signal.SIGKILL, is_group=is_group)
            del left[pid]


def _send(pid: int, number: int, *, is_group: bool) -> bool:
    """Send a signal (0 only asks); whether there was anybody to get it."""
    try:
        (os.killpg if is_group else os.kill)(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    watch()
