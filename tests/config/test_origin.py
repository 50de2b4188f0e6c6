"""Which pages may open sockets: ours, and those that were named."""

import json

import pytest
from channels.db import database_sync_to_async
from pytest_django import Settings
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from accounts.models import User
from accounts.services import tokens_issue
from config.origin import _is_allowed

pytestmark = pytest.mark.django_db(transaction=True)


async def handshake(server: str, *origins: str, host: str | None = None) -> tuple[int, str]:
    """Status and code of the answer to a page of that origin."""
    headers = [("Origin", origin) for origin in origins]
    headers += [("Host", host)] if host else []
    try:
        async with connect(f"ws://{server}/ws/prices", additional_headers=headers):
            return 101, ""
    except InvalidStatus as refused:
        answer = refused.response
        is_ours = answer.headers.get("Content-Type") == "application/json"
        return answer.status_code, json.loads(answer.body)["code"] if is_ours else ""


REFUSED = (403, "origin_not_allowed")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1",  # another port is another origin
        "http://localhost:{port}",  # and so is another name
        "null",
        "",
        "127.0.0.1:{port}",
        "ws://127.0.0.1:{port}",
        "http://user@127.0.0.1:{port}",
        "http://127.0.0.1:{port}/",
    ],
)
async def test_a_page_of_another_origin_opens_nothing(server: str, origin: str) -> None:
    port = server.rpartition(":")[2]
    assert await handshake(server, origin.format(port=port)) == REFUSED


async def test_a_page_of_another_origin_opens_nothing_even_with_a_good_token(
    server: str, alice: User
) -> None:
    token = await database_sync_to_async(lambda: tokens_issue(user=alice).access)()
    headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {token}"}
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{server}/ws/watchlist", additional_headers=headers)
    assert refused.value.response.status_code == 403


async def test_two_origins_are_none(server: str) -> None:
    status, _ = await handshake(server, f"http://{server}", "https://evil.example")
    assert status in {400, 403}


async def test_our_own_page_a_named_one_and_a_program_may(server: str, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    assert await handshake(server) == (101, "")
    assert await handshake(server, f"http://{server}") == (101, "")
    assert await handshake(server, f"https://{server}") == (101, "")  # TLS ended before us
    assert await handshake(server, "https://app.example.com") == (101, "")
    for near in ("http://app.example.com", "https://app.example.com:8443", "https://example.com"):
        assert await handshake(server, near) == REFUSED


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "is_allowed"),
    [
        ("https://stocks.example.com", "wss", "stocks.example.com", True),
        ("https://Stocks.Example.com", "wss", "stocks.example.com", True),
        ("http://stocks.example.com", "wss", "stocks.example.com", False),
        ("https://rebound.example", "wss", "rebound.example", False),  # says DNS, not we
        ("http://[::1]:8000", "ws", "[::1]:8000", True),
    ],
)
def test_the_host_must_be_one_of_ours(
    settings: Settings, origin: str, scheme: str, host: str, is_allowed: bool
) -> None:
    settings.ALLOWED_HOSTS = ["stocks.example.com", "[::1]"]
    scope = {"scheme": scheme, "headers": [(b"host", host.encode())]}
    assert _is_allowed(origin, scope) is is_allowed
