"""docs/benchmarks.md: the tables of a whole run, and the machine they were measured on."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import redis

from bench.section import Section, in_short

ROOT = Path(__file__).parents[1]
PAGE, COSTS = Path("docs", "benchmarks.md"), Path("bench", "costs.json")
_PACKAGES = (
    *("Django", "channels", "channels-redis", "celery", "daphne", "djangorestframework"),
    *("msgspec", "numpy", "psycopg", "uvicorn", "uvloop"),
)
_HEAD = """\
# Benchmarks

Written by `make bench`, which runs everything below in one go; do not edit. Each figure stands
beside something that was measured in the same run. How they are measured, and how to run one alone
or at another size: [bench/README.md](../bench/README.md).
"""


def machine() -> str:
    """The machine and the versions, as a Markdown list."""
    load = os.getloadavg()[0]
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        postgres = connection.info.parameter_status("server_version")
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        server = client.info("server")
    is_valkey = "valkey_version" in server
    store = (
        f"Valkey {server['valkey_version']}" if is_valkey else f"Redis {server['redis_version']}"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    lines = [
        f"Date: {datetime.now(UTC):%Y-%m-%d}; load of the machine when it began: {load:.1f}",
        f"{_hardware()}, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, {packages}",
        f"Postgres {postgres}, {store}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def write(machine: str, sections: Sequence[Section], *, page: Path) -> None:
    parts = [_HEAD, machine, *(each.markdown() for each in (in_short(sections), *sections))]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n\n".join(part.strip() for part in parts) + "\n")


def write_costs(sections: Sequence[Section], *, file: Path) -> None:
    """What was measured of Tickwatch, for `python -m bench capacity`."""
    costs: dict[str, Any] = {"machine": _hardware(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    for section in sections:
        for name, figure in section.costs.items():
            if isinstance(figure, Mapping):
                costs.setdefault(name, {}).update(figure)
            else:
                costs[name] = figure
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(costs, indent=2) + "\n")


def _hardware() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores ({_cpu_model()}), {memory:.0f} GB"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
