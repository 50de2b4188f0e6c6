"""Postgres refuses to run as root. When we are root, this finds it somebody else to be."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.trouble import Trouble

_NOBODY = 65534


@dataclass(frozen=True)
class OrdinaryUser:
    """How to start a program as somebody who is not root, and who must own its files."""

    prefix: Sequence[str] = ()
    owner: int | None = None

    def give(self, folder: Path) -> None:
        """Make the folder theirs, whoever owned it before."""
        if self.owner is None or folder.stat().st_uid == self.owner:
            return
        for place, _, files in os.walk(folder):
            for path in (place, *(os.path.join(place, file) for file in files)):
                os.chown(path, self.owner, self.owner, follow_symlinks=False)


def find_ordinary_user() -> OrdinaryUser:
    """Ourselves if we are not root; else a user namespace; else nobody.

    In a namespace of its own the program believes to be user 1000, while its files stay root's.
    Where namespaces are forbidden, as in most containers, it runs as nobody, with the one
    capability that lets it reach a data folder below /root.
    """
    if os.geteuid() != 0:
        return OrdinaryUser()
    candidates = (
        OrdinaryUser(("unshare", "-U", "--map-user=1000", "--map-group=1000", "--"), owner=0),
        OrdinaryUser(
            (
                "setpriv",
                f"--reuid={_NOBODY}",
                f"--regid={_NOBODY}",
                "--clear-groups",
                "--inh-caps=+dac_override",
                "--ambient-caps=+dac_override",
                "--",
            ),
            owner=_NOBODY,
        ),
    )
    for candidate in candidates:
        if shutil.which(candidate.prefix[0]) and _works(candidate.prefix):
            return candidate
    raise Trouble(
        "Postgres refuses to run as root, and this system lets us become nobody else. "
        "Run it as an ordinary user, or set DATABASE_URL to a Postgres of your own."
    )


def _works(prefix: Sequence[str]) -> bool:
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
