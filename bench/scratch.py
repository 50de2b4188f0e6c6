"""A database and a Redis that exist for one run: what is there already is never touched."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from bench.process import BenchmarkFailed

_CLAIM = "bench"
_CLAIM_SECONDS = 3600
_KEYS = ("tickwatch:*", "_kombu.*", "celery", "unacked*")
"""Ours, and Celery's."""


@contextmanager
def scratch(**settings: str) -> Iterator[None]:
    """The environment of Tickwatch's programs, with an empty database and an empty Redis."""
    before = dict(os.environ)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_hex(32),
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "LOG_LEVEL": "error",
        "SOCKETS_PER_ADDRESS": "1000000",  # the crowd has one
        "DEBUG": "false",
        **settings,
    }
    try:
        with _scratch_database(), _scratch_redis():
            yield
    finally:
        os.environ.clear()
        os.environ |= before


@contextmanager
def _scratch_database() -> Iterator[None]:
    owner = os.environ["DATABASE_URL"]
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    os.environ["DATABASE_URL"] = _with_path(owner, name)
    try:
        yield
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _scratch_redis() -> Iterator[None]:
    """The database that REDIS_URL names, which must be empty: numbers are nobody's to guess.

    Only keys that a benchmark makes are removed afterwards, never the whole database:
    others may have come meanwhile.
    """
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        if client.dbsize() or not client.set(_CLAIM, os.getpid(), nx=True, ex=_CLAIM_SECONDS):
            raise BenchmarkFailed(
                "REDIS_URL names a database that holds keys. Give the number of an empty one."
            )
        try:
            yield
        finally:
            ours = [key for pattern in _KEYS for key in client.scan_iter(pattern)]
            client.delete(_CLAIM, *ours)


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))
