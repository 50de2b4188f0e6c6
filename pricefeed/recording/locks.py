"""Postgres advisory locks of a session: they fall with it, so who is killed holds nobody up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction

_PUBLICATION = 0x7075_626C  # "publ"
_STREAM = 0x7374_7265  # "stre"; beside it the number of the partition


@contextmanager
def stream_lock(partition: int) -> Iterator[bool]:
    """Be the only one who records this partition's stream; gives False, at once, if another is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_STREAM, partition])
        (is_ours,) = cursor.fetchone()
        session = cursor.connection  # psycopg's own: Django may meanwhile open another
    try:
        yield is_ours
    finally:
        if is_ours:
            unlock(session, "pg_advisory_unlock(%s, %s)", (_STREAM, partition))


@contextmanager
def publication_lock(*, patience_ms: int = 0) -> Iterator[bool]:
    """Be the only one who publishes; waits for others, for ever with 0. Gives False after that."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(patience_ms)])
            cursor.execute("SELECT pg_advisory_lock(%s)", [_PUBLICATION])
            session = cursor.connection
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        yield False
        return
    try:
        yield True
    finally:
        unlock(session, "pg_advisory_unlock(%s)", (_PUBLICATION,))


def unlock(session: psycopg.Connection[Any], call: str, keys: tuple[int, ...]) -> None:
    """Give a lock back; a session that cannot is ended, since the pool would keep it open."""
    try:
        session.execute(f"SELECT {call}", keys)
    except psycopg.Error:
        session.close()
