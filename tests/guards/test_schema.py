"""The OpenAPI schema: complete, and the copy that the screen's types are made of is current."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from rest.docs import schema_document

COPY = Path(__file__).parents[2] / "frontend" / "schema.json"
REMAKE = (
    "frontend/schema.json is not current. Remake it:\n"
    "  python manage.py spectacular --format openapi-json --file frontend/schema.json\n"
    "  npm --prefix frontend run schema"
)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in schema_document()["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_it_is_valid_and_without_warnings() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null")


def test_the_copy_of_the_screen_is_current() -> None:
    made = io.StringIO()
    call_command("spectacular", format="openapi-json", stdout=made)
    if json.loads(made.getvalue()) != json.loads(COPY.read_text()):
        pytest.fail(REMAKE)


def test_every_operation_has_an_example() -> None:
    def has_example(part: dict[str, Any]) -> bool:
        return any(
            media.get("examples") or media.get("example")
            for media in part.get("content", {}).values()
        )

    without = []
    for name, operation in operations():
        answers = [answer for code, answer in operation["responses"].items() if code < "300"]
        shown = [part for part in answers if part.get("content")]
        if "requestBody" in operation:
            shown.append(operation["requestBody"])
        if not all(has_example(part) for part in shown):
            without.append(name)
    assert without == []


def test_every_operation_says_what_it_does_and_which_errors_it_gives() -> None:
    for name, operation in operations():
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation.get("tags"), name
        errors = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert "503" in errors, name
        for answer in errors.values():
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}, name


def test_operations_that_need_a_token_say_so() -> None:
    for name, operation in operations():
        needs_token = any(operation.get("security", []))
        assert needs_token == ("401" in operation["responses"]) or "/auth/" in name, name
    assert schema_document()["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
