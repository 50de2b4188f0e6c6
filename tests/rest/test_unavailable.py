"""Postgres or Redis really away: a 503 that says when to come back, and no page."""

import socket
from typing import Any

import pytest
from django.db import connections
from psycopg_pool import PoolTimeout

from accounts.models import User
from accounts.services import tokens_issue
from tests.conftest import PASSWORD, Api, JsonClient


@pytest.fixture
def no_database(transactional_db: None, alice: User) -> Any:
    """Every new connection goes to a port where nobody listens."""
    token = tokens_issue(user=alice).access
    connection = connections["default"]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        original = {**connection.settings_dict}
        away = {"HOST": "127.0.0.1", "PORT": closed.getsockname()[1], "OPTIONS": {}}
        connection.close()
        connection.settings_dict.update(away)
        client = JsonClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        yield client
        connection.close()
        connection.settings_dict.update(original)


def test_without_the_database_the_token_cannot_be_checked(no_database: Any) -> None:
    answer = no_database.get("/api/v1/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "5"


def test_where_no_connection_comes_free_in_time_it_is_the_same(
    transactional_db: None, api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: Any) -> None:
        raise PoolTimeout

    client, connection = api(alice), connections["default"]
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "get_new_connection", wait)
        answer = client.get("/api/v1/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_without_the_database_nobody_signs_in(no_database: Any) -> None:
    answer = no_database.post("/api/v1/auth/login", {"username": "alice", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_without_the_database_a_page_of_the_api_is_still_json(no_database: Any) -> None:
    assert no_database.get("/api/v1/nothing").status_code == 404
    assert no_database.get("/health").status_code == 200


def test_without_the_database_a_session_cookie_makes_it_no_worse(no_database: JsonClient) -> None:
    """Whoever is signed in to the admin site sends one along with everything."""
    no_database.cookies["sessionid"] = "x" * 32
    assert no_database.get("/api/v1/auth/me").status_code == 503
    no_database.credentials()
    assert no_database.get("/api/v1/auth/me").status_code == 401
    assert no_database.get("/health").status_code == 200
