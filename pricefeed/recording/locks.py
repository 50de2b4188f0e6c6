"""Postgres advisory locks of a session: they fall with it, so who is killed holds nobody up."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction

FEED = 0x7469_636B  # "tick"
_PUBLICATION = 0x7075_626C  # "publ"
_SIMULATION = 0x7369_6D75  # "simu"
_STREAM = 0x7374_7265  # "stre"; beside it the number of the partition


def feed_lock() -> AbstractContextManager[bool]:
    """Hold the feed for a run; gives False, at once, when another run holds it."""
    return _lock_at_once(FEED)


def stream_lock(partition: int) -> AbstractContextManager[bool]:
    """Be the only one who records this partition's stream; gives False, at once, if another is."""
    return _lock_at_once(_STREAM, partition)


@contextmanager
def stream_locks(partitions: Collection[int]) -> Iterator[list[int]]:
    """The same for several; gives those that are ours. Nobody waits."""
    with ExitStack() as held:
        yield [each for each in partitions if held.enter_context(stream_lock(each))]


def simulation_lock() -> AbstractContextManager[bool]:
    """Be the only one who simulates pushed prices; gives False, at once, when another does."""
    return _lock_at_once(_SIMULATION)


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
        _unlock(session, _PUBLICATION)


@contextmanager
def _lock_at_once(*keys: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({_places(keys)})", keys)
        (is_ours,) = cursor.fetchone()
        session = cursor.connection  # psycopg's own: Django may meanwhile open another
    try:
        yield is_ours
    finally:
        if is_ours:
            _unlock(session, *keys)


def _unlock(session: psycopg.Connection[Any], *keys: int) -> None:
    """Give a lock back; a session that cannot is ended, since the pool would keep it open."""
    try:
        session.execute(f"SELECT pg_advisory_unlock({_places(keys)})", keys)
    except psycopg.Error:
        session.close()


def _places(keys: tuple[int, ...]) -> str:
    return ", ".join(["%s"] * len(keys))
