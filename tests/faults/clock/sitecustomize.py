"""On PYTHONPATH of a program: its time can be put forward or back while it runs.

As soon as the file CLOCK_FILE is there, the program's clock is so many seconds off as it says.
Its processes follow it, too; Postgres and Redis do not.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

_file = Path(os.environ["CLOCK_FILE"])
_is_off = False


def _follow() -> None:
    global _is_off  # noqa: PLW0603
    while not _file.exists():
        time.sleep(0.02)
    if not _is_off:  # a child has it from its parent
        _is_off = True
        time_machine.travel(time.time() + float(_file.read_text()), tick=True).start()


def _begin() -> None:
    if not _is_off:
        threading.Thread(target=_follow, daemon=True).start()


os.register_at_fork(after_in_child=_begin)
_begin()
