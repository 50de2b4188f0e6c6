"""Postgres refuses to run as root or as a user without a name. This finds it somebody to be."""

from __future__ import annotations

import os
import pwd
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
    """Ourselves if we are not root and have a name; else a user namespace; else nobody.

    In a namespace of its own the program believes to be somebody else, while its files stay ours.
    Where namespaces are forbidden, as in most containers, root's Postgres runs as nobody, with the
    one capability that lets it reach a data folder below /root.
    """
    us = os.geteuid()
    if us != 0 and _has_name(us):
        return OrdinaryUser()
    for candidate in _candidates(us, _somebody()):
        if shutil.which(candidate.prefix[0]) and _works(candidate.prefix):
            return candidate
    whom = "root" if us == 0 else f"user {us}, who has no name in /etc/passwd"
    raise Trouble(
        f"Postgres refuses to run as {whom}, and this system lets us become nobody else. "
        "Run it as an ordinary user, or set DATABASE_URL to a Postgres of your own."
    )


def _candidates(us: int, somebody: int) -> list[OrdinaryUser]:
    mapped = (f"--map-user={somebody}", f"--map-group={somebody}")
    namespace = OrdinaryUser(("unshare", "-U", *mapped, "--"), owner=us)
    if us != 0:
        return [namespace]
    capabilities = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    ids = (f"--reuid={somebody}", f"--regid={somebody}", "--clear-groups")
    return [namespace, OrdinaryUser(("setpriv", *ids, *capabilities, "--"), owner=somebody)]


def _somebody() -> int:
    """An id that is not root's and has a name, which initdb insists on: nobody's, as a rule."""
    if _has_name(_NOBODY):
        return _NOBODY
    return next((user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0), _NOBODY)


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _works(prefix: Sequence[str]) -> bool:
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
