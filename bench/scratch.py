"""A database and a Redis that exist for one run: what is there already is never touched."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from bench.process import BenchmarkFailed

_REDIS_DATABASES = 16
_CLAIM = "bench"
_CLAIM_SECONDS = 3600


@contextmanager
def scratch() -> Iterator[None]:
    """The environment of Tickwatch's programs, with an empty database and an empty Redis."""
    before = dict(os.environ)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_hex(32),
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "LOG_LEVEL": "error",
        "DEBUG": "false",
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
    """The database that REDIS_URL names if it is empty, else the last empty one."""
    given = os.environ["REDIS_URL"]
    named = urlsplit(given).path.strip("/") or "0"
    for number in (named, *range(_REDIS_DATABASES - 1, 0, -1)):
        url = _with_path(given, str(number))
        with redis.Redis.from_url(url) as client:
            if client.dbsize() or not client.set(_CLAIM, os.getpid(), nx=True, ex=_CLAIM_SECONDS):
                continue
            os.environ["REDIS_URL"] = url
            try:
                yield
            finally:
                client.flushdb()
            return
    raise BenchmarkFailed("Redis has no empty database left. Give REDIS_URL of another one.")


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))
