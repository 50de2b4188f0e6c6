"""The virtual environment: made on first use, brought up to date when a requirement changes."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from pathlib import Path

from deploy.local import stamp
from deploy.local.paths import Paths
from deploy.local.pip_wheel import find_pip_wheel
from deploy.local.process import Command, Process, Processes
from deploy.local.trouble import Trouble, is_disk_full

_RUN = ("requirements.txt", "requirements-local.txt")
_DEV = (*_RUN, "requirements-dev.txt")
_NEEDS_BYTES = 1_500_000_000
_SHOWN = ("Collecting", "Installing collected", "Successfully installed", "ERROR", "error:")
_NO_NETWORK = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname",
    "Network is unreachable",
    "Connection refused",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "NewConnectionError",
    "ProxyError",
    "SSLError",
    "Max retries exceeded",
)


async def ensure_venv(
    paths: Paths, processes: Processes, *, dev: bool, in_use: bool = False
) -> None:
    """Have every required package installed. Costs a few milliseconds if nothing changed.

    While Tickwatch runs with it (`in_use`), an environment is not made anew: another Python
    on the PATH of another terminal would take the packages away from under it.
    """
    if paths.borrowed_venv:
        if not paths.python.exists():
            raise Trouble(f"TICKWATCH_VENV names {paths.venv}, where there is no bin/python.")
        return
    if _is_current(paths, dev=dev):
        return
    started = time.monotonic()
    _require_space(paths)
    # Scripts of a virtual environment hold its path: one that was moved is made anew.
    made, wanted = paths.venv / "made.sha256", stamp.digest([], str(paths.root), sys.version)
    if not stamp.is_current(made, wanted):
        if in_use and paths.python.exists():
            if dev:
                raise Trouble(_other_python(paths))
            return
        await _create(paths, processes)
        stamp.write(made, wanted)
    names = _DEV if dev else _RUN
    processes.log.say(f"installing the packages of {', '.join(names)}; this takes a minute")
    await _install(paths, processes, names)
    stamp.write(_stamp(paths, names), _digest(paths, names))
    processes.log.say(f"packages installed in {time.monotonic() - started:.0f} s")


def _other_python(paths: Paths) -> str:
    settings = (paths.venv / "pyvenv.cfg").read_text().splitlines()
    values = dict(line.partition(" = ")[::2] for line in settings)
    python = values.get("executable", "the one that it was started with")
    return (
        f"Tickwatch is running in this folder with another Python. "
        f"Use that one: make PYTHON={python} …, or stop it first."
    )


def _is_current(paths: Paths, *, dev: bool) -> bool:
    """Packages for development contain those for running."""
    wanted = (_DEV,) if dev else (_RUN, _DEV)
    return paths.python.exists() and any(
        stamp.is_current(_stamp(paths, names), _digest(paths, names)) for names in wanted
    )


def _stamp(paths: Paths, names: tuple[str, ...]) -> Path:
    return paths.venv / f"installed-{Path(names[-1]).stem}.sha256"


def _digest(paths: Paths, names: tuple[str, ...]) -> str:
    return stamp.digest([paths.root / name for name in names], str(paths.root), sys.version)


async def _create(paths: Paths, processes: Processes) -> None:
    processes.log.say(f"making a virtual environment in {paths.venv.name}/")
    shutil.rmtree(paths.venv, ignore_errors=True)
    # Debian's Python may come without ensurepip.
    without = () if importlib.util.find_spec("ensurepip") else ("--without-pip",)
    argv = (sys.executable, "-m", "venv", *without, str(paths.venv))
    made, code = await processes.run(Command(name="pip", argv=argv, cwd=paths.root))
    if code != 0:
        shutil.rmtree(paths.venv, ignore_errors=True)
        raise Trouble(_why_not(made, "The virtual environment cannot be made"))
    if without:
        wheel = find_pip_wheel(paths.venv)
        argv = (str(paths.python), str(wheel / "pip"), "install", "--no-index", str(wheel))
        await _must(paths, processes, argv)


async def _install(paths: Paths, processes: Processes, names: tuple[str, ...]) -> None:
    files = (word for name in names for word in ("-r", name))
    # Compiling 10,000 files takes longer than compiling those that are used, when they are.
    options = ("--disable-pip-version-check", "--no-input", "--no-compile", "--progress-bar=off")
    argv = (str(paths.python), "-m", "pip", "install", *options, *files)
    await _must(paths, processes, argv)


async def _must(paths: Paths, processes: Processes, argv: tuple[str, ...]) -> None:
    process, code = await processes.run(
        Command(name="pip", argv=argv, cwd=paths.root, shows=lambda line: line.startswith(_SHOWN))
    )
    if code != 0:
        raise Trouble(_why_not(process, "The packages cannot be installed"))


def _require_space(paths: Paths) -> None:
    free = shutil.disk_usage(paths.root).free
    if free < _NEEDS_BYTES:
        raise Trouble(
            f"The disk has only {free / 1e9:.1f} GB left, and the first start needs "
            f"{_NEEDS_BYTES / 1e9:.1f} GB. Free some space and start again."
        )


def _why_not(process: Process, what: str) -> str:
    said = "\n".join(process.tail)
    if is_disk_full(said):
        return f"{what}: the disk is full. Free 2 GB and start again."
    if any(sign in said for sign in _NO_NETWORK):
        return (
            f"{what}: the package index cannot be reached. Check the network (or pip's settings: "
            "PIP_INDEX_URL, PIP_PROXY, PIP_CERT) and start again."
        )
    errors = [line for line in process.tail if line.startswith("ERROR:")]
    return f"{what}: {errors[0] if errors else process.last_words}"
