"""Where things are: the repository, its virtual environment and its data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Paths:
    """Every place the launcher reads or writes, all of them inside `root`."""

    root: Path = ROOT

    @property
    def var(self) -> Path:
        """Data that outlives a run: database, passwords, logs. Readable by its owner only."""
        return self.root / "var"

    @property
    def venv(self) -> Path:
        return Path(self.borrowed_venv or self.root / ".venv")

    @property
    def borrowed_venv(self) -> str | None:
        """A virtual environment of the caller's, used as it is: nothing is installed into it."""
        return os.environ.get("TICKWATCH_VENV") or None

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def frontend(self) -> Path:
        return self.root / "frontend"

    @property
    def log_file(self) -> Path:
        return self.var / "log" / "tickwatch.log"

    @property
    def state_file(self) -> Path:
        """Where the servers of the present run can be reached."""
        return self.var / "servers.json"

    @property
    def run_lock(self) -> Path:
        """Held by whoever runs the servers on the data in `var`."""
        return self.var / "run.lock"

    @property
    def setup_lock(self) -> Path:
        """Held while packages are installed or the screen is built."""
        return self.var / "setup.lock"

    def make_var(self) -> None:
        self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log_file.parent.mkdir(mode=0o700, exist_ok=True)
        # Where `collectstatic` would put files; WhiteNoise warns if it is missing.
        (self.var / "static").mkdir(exist_ok=True)

    def in_wheel(self, *parts: str) -> Path | None:
        """A file that an installed wheel brought, if it is there."""
        return next(iter(self.venv.glob("/".join(["lib/python3*/site-packages", *parts]))), None)
