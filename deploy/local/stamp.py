"""Whether a step is still up to date: a digest of all that it depends on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def digest(files: Iterable[Path], *words: str) -> str:
    """A fingerprint of the files' names and contents, and of some words."""
    total = hashlib.sha256()
    for word in words:
        total.update(word.encode() + b"\0")
    for file in sorted(files):
        total.update(str(file).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def files_below(folder: Path, *, without: frozenset[str]) -> list[Path]:
    """Every file below a folder, leaving out folders and files of some names."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in without]
        found += [Path(place, name) for name in files if name not in without]
    return found


def is_current(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def write(stamp: Path, reached: str) -> None:
    stamp.write_text(reached)
