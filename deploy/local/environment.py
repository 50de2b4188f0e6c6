"""What the programs we start find in their environment."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

from deploy.local.accounts import accounts, secret_key
from deploy.local.paths import Paths
from deploy.local.screen import node_folder, npm_environment
from deploy.local.servers import Servers
from deploy.local.trouble import Trouble


def tools_environment(paths: Paths) -> dict[str, str]:
    """Our Python and our Node come first on PATH."""
    folders = [str(paths.venv / "bin")]
    with suppress(Trouble):  # Only those who need Node are to hear about it.
        folders.append(str(node_folder(paths)))
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    return {**npm_environment(), "PATH": path, "VIRTUAL_ENV": str(paths.venv)}


def no_servers_environment(paths: Paths) -> dict[str, str]:
    """For tools that read the settings but need no server, such as the type checker."""
    unused = {
        "SECRET_KEY": "unused, and long enough to pass the check",
        "DATABASE_URL": "postgres://unused/unused",
        "REDIS_URL": "redis://unused/0",
    }
    return {**tools_environment(paths), **{k: os.environ.get(k) or v for k, v in unused.items()}}


def throwaway_environment(paths: Paths, servers: Servers) -> dict[str, str]:
    """For tests: nothing of this machine's own secrets."""
    secret = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(40)
    return {**tools_environment(paths), **servers.env, "SECRET_KEY": secret}


def child_environment(paths: Paths, servers: Servers) -> dict[str, str]:
    """For Tickwatch's own programs: servers, secrets, and a log for people."""
    passwords = accounts(paths)
    return {
        **tools_environment(paths),
        **servers.env,
        "SECRET_KEY": secret_key(paths),
        "DEMO_PASSWORD": passwords.demo_password,
        "STAFF_PASSWORD": passwords.staff_password,
        "LOG_FORMAT": os.environ.get("LOG_FORMAT") or "console",
    }
