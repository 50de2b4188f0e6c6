"""`make run` runs us below make; this notices when make is killed, or told to stop, alone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

_POLL_SECONDS = 0.5
_INTERRUPT = 1 << (signal.SIGINT - 1)


async def follow_parent(stop: Callable[[], object]) -> None:
    """Call `stop` when the parent is gone, or waits for our end.

    Ctrl-C reaches us and make alike. But a SIGINT sent to make alone stays there: make lets go
    of its handler and waits for us, who never heard of it. Linux shows that.
    """
    parent = os.getppid()
    was_listening = _listens_to_interrupts(parent)

    def is_content() -> bool:
        here = os.getppid() == parent
        return here and (_listens_to_interrupts(parent) or not was_listening)

    while is_content():  # noqa: ASYNC110 - no event tells of it everywhere
        await asyncio.sleep(_POLL_SECONDS)
    stop()


def _listens_to_interrupts(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line for line in status.splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
    return bool(int(caught.split()[1], 16) & _INTERRUPT)
