"""Real launchers, real servers, quick stand-ins for Tickwatch's own programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.launched import Launched
from tests.local.standins import make_project

Launch = Callable[..., Launched]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh project in a folder whose path has a space."""
    return make_project(tmp_path / "a folder")


@pytest.fixture
def launch(project: Path) -> Iterator[Launch]:
    """Starts launchers in the project, and ends them with the test."""
    launched: list[Launched] = []

    def start(*argv: str, **env: str) -> Launched:
        launched.append(Launched(project, *([argv] if argv else []), **env))
        return launched[-1]

    yield start
    for one in launched:
        one.end()
