"""The link to Postgres, as our settings make it."""

import socket

import pytest
from django.db import connection


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
