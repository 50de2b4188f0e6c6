"""YAML files, read by libyaml where it is: tests read some hundreds of times."""

from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(file: Path) -> list[Any]:
    """All that a file holds, empty ones left out."""
    return [each for each in yaml.load_all(file.read_text(), _LOADER) if each]


def document(file: Path) -> Any:
    """What a file holds that has one alone."""
    (found,) = documents(file)
    return found
