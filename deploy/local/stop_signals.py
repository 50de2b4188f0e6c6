"""The signals that mean: please stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_stop_signal(stop: Callable[[], object]) -> None:
    """Call `stop` at the first of them; a second one changes nothing, stopping takes seconds."""
    loop = asyncio.get_running_loop()

    def once() -> None:
        for number in _STOP:
            loop.add_signal_handler(number, lambda: None)
        stop()

    for number in _STOP:
        loop.add_signal_handler(number, once)


def leave_ctrl_c_to_others() -> None:
    """The terminal gives Ctrl-C to its whole process group: let the command in front have it."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
