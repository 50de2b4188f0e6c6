"""Why Postgres cannot be reached, for commands that end with a sentence."""

import psycopg
from django.conf import settings

_CONNECT_SECONDS = 5


def database_refusal() -> str | None:
    """The sentence, or None where Postgres takes us.

    Asks by a connection of its own: the pool would only say that it got none, not why.
    """
    try:
        psycopg.connect(settings.DATABASE_URL, connect_timeout=_CONNECT_SECONDS).close()
    except psycopg.Error as error:
        return refusal_sentence(error)
    return None


def refusal_sentence(error: Exception) -> str:
    """What Postgres or its driver says, in one line."""
    first = str(error).strip().splitlines()[0].rstrip(".")
    return f"The database refuses: {first}. Check DATABASE_URL."
