#!/usr/bin/env python
"""Django's command line for Tickwatch."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from config.reach import database_refusal


def main() -> None:
    """Run one command; a wrong setting or a server that is away is one sentence, no traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Tickwatch cannot start: {error}")
    except OperationalError:
        refusal = database_refusal()
        if refusal is None:  # it is there, so this is something else
            raise
        sys.exit(refusal)
    except (RedisConnectionError, RedisTimeoutError) as error:
        sys.exit(f"Redis cannot be reached: {error}. Check REDIS_URL.")


if __name__ == "__main__":
    main()
