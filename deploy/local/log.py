"""One log for everybody: each line says who speaks; colours only for people who see them."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

OURSELVES = "tickwatch"
_WIDTH = len(OURSELVES)
_KEEP_BYTES = 10_000_000
_COLOURS = {
    OURSELVES: "1",
    "web": "36",
    "worker": "32",
    "beat": "35",
    "postgres": "34",
    "valkey": "33",
    "pip": "90",
    "npm": "90",
    "prepare": "90",
}
_RED = "31"


class Log:
    """Writes prefixed lines to a stream and, plain and with the time, to a file."""

    def __init__(
        self,
        stream: TextIO = sys.stdout,
        *,
        file: Path | None = None,
        silent: tuple[str, ...] = (),
    ) -> None:
        """`silent` sources go to the file only."""
        self._stream = stream
        self._silent = silent
        self._file = _open(file) if file else None
        self._coloured = _shows_colours(stream)

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        self.line(OURSELVES, text)

    def trouble(self, text: str) -> None:
        """A line that asks for attention."""
        self.line(OURSELVES, text, colour=_RED)

    def line(self, source: str, text: str, *, colour: str | None = None) -> None:
        """One line of one source, on the screen and in the file."""
        self.note(source, text)
        if source not in self._silent:
            self._show(source, text, colour)

    def show(self, text: str) -> None:
        """A line of ours for the screen only: passwords have no business in a file."""
        self._show(OURSELVES, text, None)

    def note(self, source: str, text: str) -> None:
        """One line for the file only: what one looks up, but nobody wants to watch."""
        if self._file:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            self._write(self._file, f"{now} {source:<{_WIDTH}} | {text}\n")

    def _show(self, source: str, text: str, colour: str | None) -> None:
        prefix = f"{source:<{_WIDTH}} |"
        if self._coloured:
            prefix = f"\033[{colour or _COLOURS.get(source, '0')}m{prefix}\033[0m"
        self._write(self._stream, f"{prefix} {text}\n")

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except (OSError, ValueError):
            # A closed terminal or a full disk must not take the servers down with it.
            pass


def _shows_colours(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _open(file: Path) -> TextIO:
    """Append, but start anew when the file has grown big; the run before is kept as `.1`."""
    if file.exists() and file.stat().st_size > _KEEP_BYTES:
        file.replace(file.with_suffix(".log.1"))
    return file.open("a", encoding="utf-8")
