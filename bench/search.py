"""How fast is search at 50,000 securities? `python -m bench.search` prints a table.

Needs DATABASE_URL (a role that may create databases) and REDIS_URL. It makes a
database of its own, fills it, measures (see bench.search_run), and drops it.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database that exists for this run; DATABASE_URL names it meanwhile."""
    name = f"bench_search_{os.getpid()}"
    owner = os.environ["DATABASE_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(owner)._replace(path=f"/{name}"))
    try:
        yield
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> None:
    random.seed(7)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SECRET_KEY", "only-for-this-benchmark-0123456789-0123456789")
    os.environ |= {"LOG_LEVEL": "error", "ALLOWED_HOSTS": "testserver"}
    with scratch_database():
        django.setup()
        from bench import search_run  # noqa: PLC0415  # it imports models

        search_run.run()


if __name__ == "__main__":
    main()
