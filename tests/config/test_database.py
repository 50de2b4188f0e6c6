"""The link to Postgres, as our settings make it."""

import socket
import time
from collections.abc import Iterator
from typing import NamedTuple
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import Error as PsycopgError

from tests.integration.conftest import MakeWire, wire  # noqa: F401  a fixture
from tests.integration.network import Wire

IDLE = 4


@pytest.mark.django_db
def test_both_ends_give_up_what_nobody_acknowledges() -> None:
    with connection.cursor() as cursor:
        link = socket.socket(fileno=connection.connection.pgconn.socket)
        try:
            if link.family == socket.AF_UNIX or not hasattr(socket, "TCP_USER_TIMEOUT"):
                pytest.skip("such a link has no far end that could vanish without a sign")
            ours = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        finally:
            link.detach()  # it is psycopg's
        cursor.execute("SHOW tcp_user_timeout")
        assert (ours, cursor.fetchone()) == (15_000, ("15000",))


class Far(NamedTuple):
    """The tests' database at the end of a wire, with a pool of its own."""

    database: DatabaseWrapper
    wire: Wire

    def answer(self) -> int:
        """What a request does: take a connection of the pool, ask, and give it back."""
        try:
            with self.database.cursor() as cursor:
                cursor.execute("SELECT 1")
                return int(cursor.fetchone()[0])
        finally:
            self.database.close()

    def many_at_once(self) -> None:
        """Leave some connections idle."""
        pool = self.database.pool
        pool.open()
        for link in [pool.getconn(timeout=20) for _ in range(IDLE)]:
            pool.putconn(link)


@pytest.fixture
def far(transactional_db: None, wire: MakeWire) -> Iterator[Far]:  # noqa: F811
    between, url = wire(settings.DATABASE_URL)
    database = connection.copy("far")
    database.settings_dict |= {"HOST": "127.0.0.1", "PORT": urlsplit(url).port}
    yield Far(database, between)
    database.close_pool()


def test_however_many_connections_died_the_first_request_is_answered(far: Far) -> None:
    far.many_at_once()
    far.wire.cut()
    far.wire.mend()
    assert far.answer() == 1


def test_a_connection_that_died_costs_no_rest(far: Far) -> None:
    seconds = []
    for _ in range(3):  # of which the machine may stand still in two
        far.answer()
        far.wire.cut()
        far.wire.mend()
        began = time.monotonic()
        far.answer()
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 0.5


def test_without_postgres_a_request_ends_soon_and_the_first_one_afterwards_is_answered(
    far: Far,
) -> None:
    far.many_at_once()
    far.wire.cut()
    seconds = []
    for _ in range(3):  # with connections that died, and with none
        began = time.monotonic()
        with pytest.raises(OperationalError):
            far.answer()
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 4
    far.wire.mend()
    assert far.answer() == 1


def test_what_is_no_fault_of_the_connection_gives_it_back(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.answer()
    with monkeypatch.context() as patch:
        patch.setattr(far.database.pool, "check_connection", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            far.answer()
    for _ in range(far.database.pool.max_size):  # none is missing
        far.database.pool.getconn(timeout=20)


def test_who_only_lets_in_is_not_asked_for_ever(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    far.answer()
    dead = Mock(side_effect=PsycopgError)
    monkeypatch.setattr(far.database.pool, "check_connection", dead)
    far.answer()
    assert dead.call_count < 10
