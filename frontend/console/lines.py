"""For pipes: a line of JSON for each update."""

import asyncio
import json
import os
import stat
import sys
from typing import Any, Self

from frontend.console.endings import ReaderGone, Stop
from frontend.console.quotes import Change
from frontend.console.status import Status


class Lines:
    """Writes what changed, as whole quotes, and each new status. Errors: ReaderGone, Stop."""

    def __init__(self) -> None:
        self._last: tuple[str, float | None] | None = None
        self._can_write = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if not self._can_write:  # Python tries again at its exit, and would complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def changed(self, change: Change) -> None:
        line: dict[str, Any] = {"type": change.kind}
        if change.tickers is not None:
            line |= {"tickers": change.tickers, "removed": change.removed}
        self._write({**line, "quotes": change.quotes})

    def status(self, status: Status) -> None:
        """Once for each; attempts to come back are no news."""
        name = "reconnecting" if status.name == "connecting" and self._last else status.name
        since = status.since if name in {"stale", "delayed"} else None
        if (name, since) != self._last:
            self._last = (name, since)
            self._write(
                {
                    "type": "status",
                    "status": name,
                    "since": None if status.since is None else round(status.since * 1000),
                }
            )

    async def keep(self) -> None:
        """Until the reader is gone, which is noticed without an update to write."""
        gone = asyncio.Event()
        descriptor = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            asyncio.get_running_loop().add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            asyncio.get_running_loop().remove_reader(descriptor)
        self._can_write = False
        raise ReaderGone

    def _write(self, line: dict[str, Any]) -> None:
        try:
            print(json.dumps(line, separators=(",", ":")), flush=True)
        except BrokenPipeError:
            self._can_write = False
            raise ReaderGone from None
        except OSError as error:
            self._can_write = False
            raise Stop(f"The output cannot be written: {error.strerror}.") from error
