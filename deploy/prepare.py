"""Bring database, securities and accounts up to date, in one process: `python -m deploy.prepare`.

Three commands of manage.py would load Django three times; every start waits for this.
"""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError

from config.reach import database_refusal, refusal_sentence


def main() -> None:
    """Safe to run any number of times; a failure is one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        if refusal := database_refusal():
            sys.exit(refusal)
        call_command("migrate", interactive=False, verbosity=1)
        call_command("add_securities")
        call_command("createusers")
    except (ImproperlyConfigured, CommandError) as error:
        sys.exit(f"Tickwatch cannot start: {error}")
    except OperationalError as error:
        sys.exit(refusal_sentence(error))


if __name__ == "__main__":
    main()
