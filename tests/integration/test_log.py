"""What a running web server writes: one JSON object a line, one id a request, and no secret."""

import json
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts.models import User
from deploy.local.ports import free_port
from securities.models import Security
from tests.conftest import PASSWORD
from tests.integration.processes import Processes
from tests.integration.web import Web

WRONG_PASSWORD, NEW_PASSWORD = "canary-wrong-7f3a", "canary-new-91bc-horse"


def use_every_door(web: Web, username: str) -> list[str]:
    """Sign in and use tokens in every way there is, wrong ones too; gives all the secrets."""
    secrets = [PASSWORD, WRONG_PASSWORD, NEW_PASSWORD]
    api = f"{web.url}/api/v1/auth"

    def post(path: str, body: Any, status: int, **headers: str) -> Any:
        answer = httpx.post(f"{api}/{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        given = answer.json() if answer.content else {}
        secrets.extend(given[name] for name in ("access", "refresh") if name in given)
        secrets.extend(answer.cookies.values())
        return given

    post("login", {"username": username, "password": WRONG_PASSWORD}, 401)
    post("register", {"username": "carol", "password": PASSWORD}, 201)
    post("login", {"username": username, "password": PASSWORD, "more": 1}, 400)
    first = post("login", {"username": username, "password": PASSWORD}, 200)
    post("refresh", {"refresh": first["refresh"]}, 200)
    post("refresh", {"refresh": first["refresh"]}, 401)
    post(
        "login",
        {"username": username, "password": PASSWORD},
        200,
        **{"X-Token-Transport": "cookie"},
    )
    third = post("login", {"username": username, "password": PASSWORD}, 200)  # the first has ended
    bearer = {"Authorization": f"Bearer {third['access']}"}
    assert httpx.get(f"{api}/me?token={third['access']}", headers=bearer).status_code == 200
    use_sockets(web, third["access"])
    change = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    post("change-password", change, 204, **bearer)
    assert len(set(secrets)) > 8
    return secrets


def use_sockets(web: Web, token: str) -> None:
    """By header, by first message, by a message that is wrong, by a token that is."""
    address = f"ws://127.0.0.1:{web.port}/ws/watchlist"
    auth = {"type": "auth", "token": token}
    with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as client:
        assert json.loads(client.recv(timeout=30))["type"] == "welcome"
        client.send(json.dumps(auth))
    for message in (auth, {**auth, "token": f"{token}x"}, {**auth, "more": 1}, [token]):
        with connect(address) as client:
            client.send(json.dumps(message))
            try:
                client.recv(timeout=30)
            except ConnectionClosed:
                assert message != auth
    with connect(f"{address}?token={token}"):
        pass


def test_no_password_and_no_token_is_in_any_line_and_every_line_is_json(
    processes: Processes, alice: User
) -> None:
    web = Web(processes, LOG_LEVEL="debug", LOG_FORMAT="json")
    secrets = use_every_door(web, alice.username)
    assert web.running.stop() == 0
    assert len(web.running.events) > 10
    log = web.running.output
    assert [secret for secret in secrets if secret in log] == []
    # A token's signature is its secret, and would betray one that was cut or split.
    signatures = [secret.rsplit(".", 1)[-1] for secret in secrets if secret.count(".") == 2]
    assert [signature for signature in signatures if signature in log] == []


def test_every_line_of_a_request_has_an_id_that_no_client_can_choose(
    processes: Processes, market: list[Security]
) -> None:
    web = Web(processes, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    for query in ("T1", "T2"):
        answer = httpx.get(
            f"{web.url}/api/v1/securities?q={query}", headers={"X-Request-ID": "made-up"}
        )
        assert answer.status_code == 200
    web.running.stop()
    ids: dict[str, list[str]] = {}
    for event in web.running.events:
        ids.setdefault(event["event"], []).append(event.get("request_id", "none"))
    started = ids["request_started"]
    assert started == ids["request_finished"]
    assert len(set(started)) == len(started) == 2
    assert "made-up" not in started
    assert ids["catalogue_version_unknown"][0] in started  # written while one was answered


def test_behind_a_proxy_a_request_has_the_id_that_the_proxy_gave_it(processes: Processes) -> None:
    web = Web(processes, BEHIND_PROXY="1")
    httpx.get(f"{web.url}/api/v1/securities", headers={"X-Request-ID": "from-the-proxy"})
    web.running.stop()
    ours = [each for each in web.running.events if each.get("request_id") == "from-the-proxy"]
    assert {"request_started", "request_finished"} <= {each["event"] for each in ours}


@pytest.mark.parametrize(("proxy", "ip"), [("0", "127.0.0.1"), ("1", "198.51.100.1")])
def test_the_address_in_the_log_cannot_be_made_up(
    processes: Processes, proxy: str, ip: str
) -> None:
    web = Web(processes, BEHIND_PROXY=proxy)
    forged = {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}
    httpx.get(f"{web.url}/api/v1/securities", headers=forged)
    web.running.stop()
    assert {event["ip"] for event in web.running.events if "ip" in event} == {ip}


def test_a_refusal_is_one_line_and_a_health_check_only_if_it_fails(processes: Processes) -> None:
    web = Web(processes, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    httpx.get(f"{web.url}/nowhere")
    httpx.get(f"{web.url}/health")
    assert httpx.get(f"{web.url}/health/ready").status_code == 503
    web.running.stop()
    lines = [
        (event["level"], event.get("code"), event["request"])
        for event in web.running.events
        if "request" in event and event["event"] != "request_started"
    ]
    assert lines == [("warning", 404, "GET /nowhere"), ("error", 503, "GET /health/ready")]
    assert not [event for event in web.running.events if event.get("logger") == "django.request"]


def test_a_host_that_is_not_ours_is_no_more_than_the_line_of_its_request(
    processes: Processes,
) -> None:
    web = Web(processes)
    for path in ("/", "/api/v1/securities", "/admin/"):
        assert httpx.get(f"{web.url}{path}", headers={"Host": "evil.example"}).status_code == 400
    web.running.stop()
    finished = [event for event in web.running.events if event["event"] != "request_started"]
    assert [event["event"] for event in finished] == ["request_finished"] * 3
    assert {event["level"] for event in finished} == {"warning"}


def test_the_screen_is_given_without_a_warning(processes: Processes) -> None:
    web = Web(processes)
    httpx.get(f"{web.url}/")
    web.running.stop()
    assert [event for event in web.running.events if event["logger"] == "py.warnings"] == []


def test_the_cause_of_a_trouble_with_redis_says_what_it_is(processes: Processes) -> None:
    port = free_port()
    web = Web(processes, REDIS_URL=f"redis://127.0.0.1:{port}/0")
    httpx.get(f"{web.url}/api/v1/securities")
    web.running.stop()
    (line,) = [e for e in web.running.events if e["event"] == "catalogue_version_unknown"]
    assert line["cause"].startswith("ConnectionError: Error ")
    assert str(port) in line["cause"]
