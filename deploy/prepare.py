"""Bring database, securities and accounts up to date, in one process: `python -m deploy.prepare`.

Three commands of manage.py would load Django three times; every start waits for this.
"""

import os
import sys

import django
import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError

_CONNECT_SECONDS = 5


def main() -> None:
    """Safe to run any number of times; a failure is one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        # The pool would only say that it got no connection, not why.
        psycopg.connect(settings.DATABASE_URL, connect_timeout=_CONNECT_SECONDS).close()
        call_command("migrate", interactive=False, verbosity=1)
        call_command("add_securities")
        call_command("createusers")
    except ImproperlyConfigured as error:
        sys.exit(f"Tickwatch cannot start: {error}")
    except (psycopg.OperationalError, OperationalError) as error:
        first = str(error).strip().splitlines()[0]
        sys.exit(f"The database refuses: {first}. Check DATABASE_URL.")


if __name__ == "__main__":
    main()
