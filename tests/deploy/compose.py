"""docker-compose.yml, and what is laid over it, as Docker would read it, without Docker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.paths import ROOT
from tests.yamls import document

FILE = ROOT / "docker-compose.yml"
METRICS = ROOT / "deploy" / "compose.metrics.yml"
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")


class MissingVariable(Exception):
    """Compose would refuse to start, with this message."""


def read(env: Mapping[str, str] | None = None, *, file: Path = FILE) -> dict[str, Any]:
    """The file with its variables filled in; None leaves them as they are written."""
    found = document(file)
    filled = found if env is None else _filled(found, env)
    assert isinstance(filled, dict)
    return filled


def _filled(node: Any, env: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, env) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, env) for value in node]
    return _VARIABLE.sub(lambda match: _value(match, env), node) if isinstance(node, str) else node


def _value(match: re.Match[str], env: Mapping[str, str]) -> str:
    dollar, name, operator, rest = match.groups()
    if dollar:
        return "$"
    if value := env.get(name):
        return value
    if operator == "?":
        raise MissingVariable(f"{name}: {rest}")
    return rest or ""
