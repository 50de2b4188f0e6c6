"""Peers that are not Python come from Debian: found, or installed where that is allowed.

Their services are never started: the benchmark runs the programs itself, with a
configuration, ports and a folder of its own.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
_POLICY = Path("/usr/sbin/policy-rc.d")  # asked by packages before they start a service
_SECONDS = 300


class Missing(Exception):
    """The peer cannot run here; the message says why."""


class Part(NamedTuple):
    """A program, or a file by its whole path, and the package it comes in."""

    name: str
    package: str

    @property
    def path(self) -> str | None:
        return shutil.which(self.name, path=_PATH) if "/" not in self.name else self._as_file()

    def _as_file(self) -> str | None:
        return self.name if Path(self.name).exists() else None


def located(part: Part) -> str:
    """Where it is. Raises Missing."""
    path = part.path
    if path is None:
        raise Missing(f"{part.package} is not installed")
    return path


def require(parts: Iterable[Part]) -> None:
    """Install what is missing, as root on Debian. Raises Missing."""
    missing = [part for part in parts if part.path is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(sorted({part.package for part in missing}))
    for part in missing:
        located(part)


def _install(packages: list[str]) -> None:
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    with _no_service_starts():
        if not _succeeds(command) and _succeeds(["apt-get", "update", "-qq"]):
            _succeeds(command)


def _succeeds(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
        return done.returncode == 0
    return False


@contextmanager
def _no_service_starts() -> Iterator[None]:
    if _POLICY.exists():  # somebody's own policy: containers have one that forbids it, too
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
