"""Whoever we are, Postgres finds somebody to be."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local import ordinary_user
from deploy.local.ordinary_user import OrdinaryUser, find_ordinary_user
from deploy.local.paths import Paths
from deploy.local.postgres import find_binaries
from deploy.local.trouble import Trouble

NAMELESS = 54_321
needs_namespaces = pytest.mark.skipif(
    not shutil.which("unshare")
    or subprocess.run(["unshare", "-U", "true"], capture_output=True, check=False).returncode != 0,
    reason="user namespaces are forbidden here",
)


@pytest.fixture
def us(monkeypatch: pytest.MonkeyPatch) -> int:
    """A user without a name, as containers often have: ourselves, or somebody we play as root."""
    us = os.geteuid() or NAMELESS
    known = ordinary_user._has_name
    monkeypatch.setattr(os, "geteuid", lambda: us)
    monkeypatch.setattr(ordinary_user, "_has_name", lambda user: user != us and known(user))
    return us


def initdb(folder: Path, user: OrdinaryUser) -> str:
    """What it says when it fails."""
    program = find_binaries(Paths()) / "initdb"
    done = subprocess.run(
        [*user.prefix, program, "--no-sync", "-D", folder / "data"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@needs_namespaces
def test_one_without_a_name_borrows_nobody_s(us: int, tmp_path: Path) -> None:
    assert initdb(tmp_path, find_ordinary_user()) == ""


@needs_namespaces
def test_without_a_nobody_the_first_who_has_a_name_will_do(
    us: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ordinary_user, "_has_name", lambda _: False)

    user = find_ordinary_user()

    assert f"--map-user={ordinary_user._NOBODY}" not in user.prefix
    assert initdb(tmp_path, user) == ""


def test_where_nothing_helps_the_reason_and_the_remedy_are_told(
    us: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(Trouble, match=rf"user {us}, who has no name.* or set DATABASE_URL"):
        find_ordinary_user()
