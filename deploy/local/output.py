"""Reads what a process says, line by line, without ever waiting for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import IO

_CHUNK_BYTES = 65_536
_LONGEST_LINE = 100_000


class Output:
    """The reading end of a process' output."""

    def __init__(self, stream: IO[bytes], take: Callable[[str], None]) -> None:
        self._stream = stream
        self._take = take
        self._rest = b""
        os.set_blocking(stream.fileno(), False)
        asyncio.get_running_loop().add_reader(stream.fileno(), self._read)

    def finish(self) -> None:
        """Take what is there and close, even if a grandchild still holds the other end."""
        self._read()
        self._close()

    def _read(self) -> None:
        while not self._stream.closed:
            try:
                chunk = os.read(self._stream.fileno(), _CHUNK_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                self._close()
                return
            self._split(chunk)

    def _split(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._take(_text(line))

    def _close(self) -> None:
        if self._stream.closed:
            return
        asyncio.get_running_loop().remove_reader(self._stream.fileno())
        self._stream.close()
        if self._rest:
            self._take(_text(self._rest))
            self._rest = b""


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip()
