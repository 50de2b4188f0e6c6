"""The schema and its page: public, ours, offline."""

import re

from tests.conftest import Api


def test_the_schema_is_public_json(api: Api) -> None:
    answer = api().get("/api/v1/schema")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"].startswith("3.")


def test_the_schema_has_the_same_content_with_a_slash(api: Api) -> None:
    first = api().get("/api/v1/schema").content
    assert api().get("/api/v1/schema/").content == first


def test_the_page_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api().get("/api/v1/docs")
    assert page["Content-Type"].startswith("text/html")
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.content.decode())
    assert len(sources) >= 3
    assert [source for source in sources if not source.startswith("/static/")] == []
    for source in sources:
        assert api().get(source).status_code == 200, source


def test_the_page_shows_our_schema(api: Api) -> None:
    assert "/api/v1/schema" in api().get("/api/v1/docs").content.decode()
