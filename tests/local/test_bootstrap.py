"""What a bare machine lacks is fetched; what cannot be had is one clear sentence."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import pty
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import pip_wheel
from deploy.local.guard import Guard
from deploy.local.log import Log
from deploy.local.paths import ROOT, Paths
from deploy.local.process import Processes
from deploy.local.trouble import Trouble, explain
from deploy.local.venv import ensure_venv
from tests.local.launched import environment

WHEEL = b"not really a wheel"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page of pip on a package index of our own, named as pip's settings would name it."""
    folder = tmp_path / "simple" / "pip"
    folder.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
    monkeypatch.setattr(pip_wheel, "_SYSTEM", ())
    for name in ("pip-23.0-py3-none-any.whl", "pip-26.3-py3-none-any.whl"):
        (folder / name).write_bytes(WHEEL + name.encode())
    yield folder / "index.html"
    server.shutdown()
    server.server_close()


def link(name: str, *, checksum: str | None = None) -> str:
    found = checksum or hashlib.sha256(WHEEL + name.encode()).hexdigest()
    return f'<a href="{name}#sha256={found}" data-requires-python="&gt;=3.9">{name}</a>\n'


def test_pip_comes_from_the_index_that_its_own_settings_name(index: Path, tmp_path: Path) -> None:
    names = ("pip-9.0.3.tar.gz", "pip-26.3-py3-none-any.whl", "pip-23.0-py3-none-any.whl")
    index.write_text("".join(map(link, (*names, "pip-27.0b1-py3-none-any.whl"))))

    wheel = pip_wheel.find_pip_wheel(tmp_path)

    assert wheel == tmp_path / "pip-26.3-py3-none-any.whl"
    assert wheel.read_bytes() == WHEEL + wheel.name.encode()


def test_a_pip_with_a_wrong_checksum_is_refused(index: Path, tmp_path: Path) -> None:
    index.write_text(link("pip-26.3-py3-none-any.whl", checksum="0" * 64))

    with pytest.raises(Trouble, match=r"checksum is wrong.*apt install python3-venv"):
        pip_wheel.find_pip_wheel(tmp_path)
    assert not list(tmp_path.glob("*.whl"))


def test_no_pip_and_no_index_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pip_wheel, "_SYSTEM", ())
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")

    with pytest.raises(Trouble, match=r"This Python has no pip.*apt install python3-venv"):
        pip_wheel.find_pip_wheel(tmp_path)


def test_an_index_that_cannot_be_reached_is_one_sentence(project: Path) -> None:
    for name in ("requirements.txt", "requirements-local.txt"):
        (project / name).write_text("a-package-that-is-nowhere==1\n")
    env = environment(
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="1",
        TICKWATCH_VENV="",
    )
    unwanted = ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL")

    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", "run"],
        cwd=project,
        env={key: value for key, value in env.items() if key not in unwanted},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "tickwatch: The packages cannot be installed: the package index cannot be reached. Check "
        "the network (or pip's settings: PIP_INDEX_URL, PIP_PROXY, PIP_CERT) and start again.\n"
    )


def test_an_old_python_is_refused_in_one_sentence() -> None:
    pretend = (
        "import sys, runpy; sys.version_info = type('V', (tuple,), {})((3, 10, 2, 'final', 0));"
        "runpy.run_module('deploy.local', run_name='__main__')"
    )

    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Tickwatch needs Python 3.11 or newer, and this is 3.10.")
    assert done.stderr.count("\n") == 1


def test_too_little_space_is_said_before_anything_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requirements.txt", "requirements-local.txt"):
        (tmp_path / name).write_text("")
    monkeypatch.delenv("TICKWATCH_VENV", raising=False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=300_000_000))
    with pytest.raises(Trouble, match=r"only 0\.3 GB left.*Free some space"):
        ensured(tmp_path)
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def of_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose environment another Python has made, a while ago."""
    monkeypatch.delenv("TICKWATCH_VENV", raising=False)
    for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text("")
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /opt\nexecutable = /opt/python3.12\n")
    (tmp_path / ".venv" / "made.sha256").write_text("by another")
    return tmp_path


def ensured(folder: Path, *, dev: bool = False, in_use: bool = False) -> None:
    guard = Guard()
    try:
        processes = Processes(Log(), guard)
        asyncio.run(ensure_venv(Paths(folder), processes, dev=dev, in_use=in_use))
    finally:
        guard.close()


def test_the_packages_of_what_runs_are_not_taken_away_by_another_python(
    of_another_python: Path,
) -> None:
    ensured(of_another_python, in_use=True)

    assert (of_another_python / ".venv" / "made.sha256").read_text() == "by another"


def test_where_they_would_have_to_be_the_other_python_is_named(of_another_python: Path) -> None:
    with pytest.raises(Trouble, match=r"make PYTHON=/opt/python3\.12 …, or stop it first"):
        ensured(of_another_python, dev=True, in_use=True)

    assert (of_another_python / ".venv" / "made.sha256").read_text() == "by another"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full while writing /var/x. Free some space"),
        (errno.EACCES, "Not allowed to write /var/x. If another user"),
    ],
)
def test_errors_of_the_system_come_with_a_remedy(number: int, sentence: str) -> None:
    assert explain(OSError(number, os.strerror(number), "/var/x")).startswith(sentence)


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colours_are_for_terminals_unless_refused(
    no_color: str | None, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    ours, theirs = pty.openpty()

    with open(theirs, "w") as terminal:
        Log(terminal).line("web", "hello")
        shown = os.read(ours, 1000)

    os.close(ours)
    assert (b"\033[" in shown) is coloured
    assert b"web       |" in shown
