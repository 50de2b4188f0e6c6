"""What only a real server shows: large and chunked bodies, odd bytes, any method."""

import http.client
import json
import resource
import socket
from typing import Any

import httpx
from django.conf import settings

from accounts.models import User
from tests.conftest import PASSWORD, Api, MakeSecurity

REGISTER = "/api/v1/auth/register"


def ask(server: str, raw: Any) -> Any:
    """Send these bytes, give all that comes back until the server closes or falls silent."""
    host, port = server.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(raw)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, dict(answer.headers), answer.read()


def test_ten_megabytes_are_refused_unread(server: str) -> None:
    """The answer comes on the headers alone: no byte of the body has been sent."""
    head = f"POST {REGISTER} HTTP/1.1\r\nHost: {server}\r\nContent-Length: 10485760\r\n\r\n"
    status, _, body = ask(server, head.encode())
    assert (status, json.loads(body)["code"]) == (413, "too_large")


def test_where_many_prices_are_pushed_a_body_may_be_larger(server: str) -> None:
    sizes = {settings.REQUEST_BODY_LIMIT: 401, settings.PRICES_BODY_LIMIT: 413}
    for size, status in sizes.items():
        for slash in ("", "/"):
            answer = httpx.post(f"http://{server}/api/v1/prices{slash}", content=b" " * (size + 1))
            assert answer.status_code == status


def test_a_client_that_sends_all_ten_megabytes_first_sees_the_answer(server: str) -> None:
    answer = httpx.post(f"http://{server}{REGISTER}", content=b"x" * 10_485_760)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_hundred_megabytes_take_no_memory(server: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    chunk = b"x" * 65536

    def endless() -> Any:
        for _ in range(1600):
            yield chunk

    try:
        answer = httpx.post(f"http://{server}{REGISTER}", content=endless())
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # the server answered and closed while we were still sending
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 30_000  # kilobytes


def test_outside_the_api_bodies_are_bounded_too(server: str) -> None:
    head = f"POST /admin/login/ HTTP/1.1\r\nHost: {server}\r\nContent-Length: 99999999\r\n\r\n"
    assert ask(server, head.encode())[0] == 413


def test_a_body_of_unknown_length_is_read(server: str) -> None:
    body = json.dumps({"username": "carol", "password": PASSWORD}).encode()
    answer = httpx.post(
        f"http://{server}{REGISTER}",
        content=iter([body[:10], body[10:]]),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    assert User.objects.get().username == "carol"


def test_a_host_that_is_not_ours_is_refused_in_json(server: str) -> None:
    answer = httpx.get(f"http://{server}/api/v1/auth/me", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


TARGETS = [
    "/api/v1/securities/%00",
    "/api/v1/securities/%ED%A0%80",
    "/api/v1/securities/%FF%FE",
    "/api/v1/securities?q=%00",
    "/api/v1/securities?q=a%00b",
    "/api/v1/securities?q=%ED%A0%80",
    "/api/v1/securities?limit=99999999999999999999999",
    "/api/v1/securities?" + "a=1&" * 2000,
    "/api/v1/auth/me%2f",
    "/api/v1//auth/me",
    "/api",
    "/api/",
    "/api/v1",
    "/api/v1/nothing?x=%00",
    "/api/v1/../../etc/passwd",
]


def test_whatever_the_address_the_answer_is_json_and_no_500(server: str) -> None:
    for target in TARGETS:
        raw = f"GET {target} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n"
        status, headers, body = ask(server, raw.encode())
        assert status < 500, (target, body)
        assert headers["content-type"] == "application/json", target
        json.loads(body)


def test_a_share_class_may_be_written_with_a_slash_in_addresses_too(
    server: str, alice: User, security: MakeSecurity, api: Api
) -> None:
    """The server has made a slash of %2F before anything looks at it."""
    security("BRK.B", price="400")
    token = api(alice)._credentials["HTTP_AUTHORIZATION"]
    with httpx.Client(base_url=f"http://{server}/api/v1") as client:
        assert client.get("/securities/BRK%2FB").json()["ticker"] == "BRK.B"
        assert client.get("/securities/brk%2fb/history").json() == []
        assert client.get("/securities/BRK%2FBCD").json()["code"] == "not_found"
        client.headers["Authorization"] = token
        assert client.put("/watchlist/BRK%2FB").status_code == 201
        assert client.delete("/watchlist/BRK%2FB").status_code == 204


def test_a_wrong_method_is_405_and_names_the_right_ones(server: str) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        answer = httpx.request(method, f"http://{server}{REGISTER}")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), method
        assert answer.headers["Allow"] == "POST, OPTIONS"


def test_many_requests_on_one_connection_after_a_refusal(server: str) -> None:
    with httpx.Client(base_url=f"http://{server}") as client:
        assert client.post(REGISTER, content=b"x" * 2_000_000).status_code == 413
        assert client.get("/api/v1/auth/me").status_code == 401
