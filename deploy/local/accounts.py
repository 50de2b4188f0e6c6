"""Secrets of this machine: made at random on first use, kept readable by their owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import Paths

DEMO = "demo"
STAFF = "staff"
# Easily read aloud and typed: no letters that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD_LENGTH = 14
_SECRET_BYTES = 40


@dataclass(frozen=True)
class Accounts:
    """Passwords of the two accounts that `make run` makes."""

    demo_password: str
    staff_password: str


def accounts(paths: Paths) -> Accounts:
    """The environment's passwords if set, else those made on the first start."""
    return Accounts(
        demo_password=os.environ.get("DEMO_PASSWORD")
        or kept_secret(paths.var / "demo.password", make=_password),
        staff_password=os.environ.get("STAFF_PASSWORD")
        or kept_secret(paths.var / "staff.password", make=_password),
    )


def secret_key(paths: Paths) -> str:
    """What Django signs with."""
    return os.environ.get("SECRET_KEY") or kept_secret(paths.var / "secret.key")


def _password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))


def _long_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def kept_secret(file: Path, *, make: Callable[[], str] = _long_secret) -> str:
    """The secret in `file`; made, and written whole or not at all, if there is none."""
    if file.exists() and (known := file.read_text().strip()):
        return known
    secret = make()
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(secret + "\n")
    fresh.replace(file)
    return secret
