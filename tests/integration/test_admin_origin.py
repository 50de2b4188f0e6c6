"""The admin site takes forms from its own pages alone, also behind a proxy that ends TLS."""

import re

import httpx

from tests.integration.processes import Processes
from tests.integration.web import Web

FRIEND = "https://screen.example"


def test_origins_that_may_call_the_api_may_not_use_the_admin_site(processes: Processes) -> None:
    web = Web(
        processes, CORS_ORIGINS=FRIEND, BEHIND_PROXY="1", ALLOWED_HOSTS="prices.example,127.0.0.1"
    )
    proxied = {"Host": "prices.example", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=web.url, headers=proxied) as browser:
        page = browser.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token
        form = {"username": "x", "password": "y", "csrfmiddlewaretoken": token[1]}
        cookie = {"Cookie": f"csrftoken={page.cookies['csrftoken']}"}

        def submitted_from(origin: str) -> int:
            headers = {"Origin": origin, "Referer": f"{origin}/admin/login/", **cookie}
            return browser.post("/admin/login/", data=form, headers=headers).status_code

        assert submitted_from("https://prices.example") == 200  # wrong password: the form again
        assert submitted_from(FRIEND) == 403
        preflight = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
        allowed = browser.options("/api/v1/auth/login", headers=preflight)
        assert allowed.headers["Access-Control-Allow-Origin"] == FRIEND
