"""The database and the broker: yours if you name them, else embedded ones."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.paths import Paths
from deploy.local.postgres import Postgres
from deploy.local.process import Process, Processes
from deploy.local.trouble import Trouble
from deploy.local.valkey import Valkey

_CONNECT_SECONDS = 5.0
_DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379}

EmbeddedServer = Postgres | Valkey


@dataclass(frozen=True)
class Servers:
    """Where they answer, and those of them that are ours to look after."""

    database_url: str
    redis_url: str
    embedded: Sequence[tuple[EmbeddedServer, Process]] = field(default=())

    @property
    def env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def publish(self, file: Path) -> None:
        """Let other commands in this folder find them."""
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.env))


def read_servers(file: Path) -> Servers | None:
    """Those of the present run, once they are up."""
    try:
        known = json.loads(file.read_text())
        return Servers(known["DATABASE_URL"], known["REDIS_URL"])
    except (OSError, ValueError, KeyError):
        return None


async def start_servers(
    paths: Paths, processes: Processes, *, folder: Path, durable: bool
) -> Servers:
    """Both at the same time; `folder` holds the data of embedded ones."""
    database, redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    for name, url in (("DATABASE_URL", database), ("REDIS_URL", redis)):
        if url:
            _require_reachable(name, url)
    ours: list[EmbeddedServer] = []
    if not database:
        ours.append(postgres := Postgres(paths, folder / "postgres", durable=durable))
        database = postgres.url
    if not redis:
        ours.append(valkey := Valkey(paths, folder / "valkey"))
        redis = valkey.url
    started = await asyncio.gather(*(server.start(processes) for server in ours))
    return Servers(database, redis, tuple(zip(ours, started, strict=True)))


def _require_reachable(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError as error:
        raise Trouble(f"{name} is not an address: {error}. Mend it, or leave it unset.") from error
    if not parts.hostname or not port:
        return  # A Unix socket, or something for the settings to judge.
    try:
        socket.create_connection((parts.hostname, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise Trouble(
            f"Nobody answers at {parts.hostname} port {port}, which {name} names ({error}). "
            f"Start that server, or leave {name} unset to use an embedded one."
        ) from error
