"""Write .env from .env.example, with secrets of its own: `python -m deploy.env_file`."""

import secrets
import sys
from pathlib import Path

_PLACEHOLDER = "=generate"
_SECRET_BYTES = 24


def write(example: Path, file: Path) -> None:
    """Readable by its owner only; an existing file is left alone."""
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        sys.exit(f"{file.name} is there already; its secrets stay as they are.")
    lines = example.read_text().splitlines()
    file.write_text("".join(f"{_filled(line)}\n" for line in lines))


def _filled(line: str) -> str:
    name, found, rest = line.partition(_PLACEHOLDER)
    return f"{name}={secrets.token_hex(_SECRET_BYTES)}" if found and not rest else line


if __name__ == "__main__":
    write(Path(".env.example"), Path(".env"))
