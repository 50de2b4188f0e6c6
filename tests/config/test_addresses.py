"""What stands beside the API: the screen, the health checks, the way to the admin site."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def screen(settings: Any, tmp_path: Path) -> str:
    page = "<!doctype html><title>A screen</title>"
    (tmp_path / "index.html").write_text(page)
    settings.SCREEN_DIR = tmp_path
    return page


@pytest.mark.parametrize("path", ["/", "/health", "/health/", "/health/ready"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_what_can_only_be_read_refuses_all_else_in_json(
    screen: str, path: str, method: str
) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, path)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")
    assert answer.json()["code"] == "method_not_allowed"
    assert answer["Allow"] == "GET, HEAD"


def test_the_screen_is_asked_for_anew_each_time(screen: str) -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer.content.decode()) == (200, screen)
    assert answer["Content-Type"].startswith("text/html")
    assert answer["Cache-Control"] == "no-cache"
    assert not answer.streaming  # or Django warns under ASGI


def test_head_is_get_without_a_body(screen: str) -> None:
    for path in ("/", "/health"):
        answer = Client().head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_the_admin_site_is_found_without_its_slash() -> None:
    answer = Client().get("/admin")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
