"""Everything the schema allows, and much that it does not, thrown at every endpoint.

No answer is a 5xx, and each is one that the schema promises. It runs against the
real server. The seed is fixed, so what fails once fails again.
"""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.services import tokens_issue
from rest.docs import schema_document
from tests.conftest import MakeSecurity

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 20  # for each operation, and both for what it allows and what it does not


@pytest.fixture(autouse=True)
def something_to_find(security: MakeSecurity, settings: Any) -> None:
    """A market of two, and the limits out of the way."""
    security("AAPL", price="187.32", previous_close="182.82")
    security("BRK.B")
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 1_000_000


def credentials(user: User) -> dict[str, str]:
    """Fresh ones: the schema's own example may just have changed the password."""
    user.refresh_from_db()
    return {"Authorization": f"Bearer {tokens_issue(user=user).access}"}


def throw(server: str, headers: dict[str, str], name: str, mode: GenerationMode) -> None:
    """Many cases of one kind at one operation."""
    method, path = name.split()
    operation = schemathesis.openapi.from_dict(schema_document())[path][method]

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        case.call_and_validate(base_url=f"http://{server}", headers=headers, checks=CHECKS)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # takes nothing, so nothing can be wrong with it


def test_no_request_finds_a_server_error_or_an_answer_the_schema_does_not_know(
    server: str, alice: User
) -> None:
    paths = schema_document()["paths"]
    names = [f"{method.upper()} {path}" for path, item in paths.items() for method in item]
    assert len(names) >= 10
    for name in names:
        throw(server, credentials(alice), name, GenerationMode.POSITIVE)
        throw(server, credentials(alice), name, GenerationMode.NEGATIVE)
        throw(server, {}, name, GenerationMode.POSITIVE)
    alive = httpx.get(f"http://{server}/api/v1/auth/me", headers=credentials(alice))
    assert alive.status_code == 200
