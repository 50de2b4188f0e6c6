"""The image without Docker: a folder with just what deploy/Dockerfile copies into it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from deploy.local.paths import ROOT

SCRIPT = "index-DozYyxyw.js"  # named as Vite names it
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def stages() -> dict[str, list[str]]:
    """The lines of each stage, by its name."""
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text()).splitlines():
        if start := re.fullmatch(r"FROM \S+ AS (\w+)", line):
            found[start[1]] = []
        elif found:
            found[list(found)[-1]].append(line)
    return found


def build(folder: Path) -> Path:
    """Copy what the stage `app` copies from the sources, and a screen in place of the built one."""
    folder.mkdir()
    for line in stages()["app"]:
        if copied := re.fullmatch(r"COPY (\S+) (\S+)", line):
            _copy(ROOT / copied[1], folder / copied[2])
    assets = folder / "frontend" / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text("<!doctype html><title>Tickwatch</title>")
    (assets / SCRIPT).write_text("'built'" * 100)
    return folder


def collect_command() -> str:
    """What the stage `app` runs to collect static files, with its environment in front."""
    return next(line.removeprefix("RUN ") for line in stages()["app"] if "collectstatic" in line)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
