"""What must stay true of the whole repository, whoever changes it."""

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from config.celery import app
from rest.codes import CODES

ROOT = Path(__file__).parents[2]
APPS = ("config", "rest", "accounts", "securities", "watchlists", "pricefeed")


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_imports_run_one_way() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_requirement_is_pinned_and_says_why_it_is_here(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line.strip()]
    required = [line for line in lines if not line.startswith(("#", "-r "))]
    wrong = [
        line for line in required if not re.match(r"[\w.\[\],-]+==\S+( ;[^#]+)?\s+# \w.+", line)
    ]
    assert required
    assert wrong == []
    assert "://" not in (ROOT / name).read_text()


def canonical(name: str) -> str:
    return re.split(r"[^\w.-]", name)[0].lower().replace("_", "-")


def test_what_production_requires_is_imported_named_or_needed_by_what_is() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = {canonical(line) for line in lines if line.strip() and line[0] != "#"}
    files = [path for app_name in APPS for path in (ROOT / app_name).rglob("*.py")]
    ours = "\n".join(path.read_text() for path in files)
    used = {
        canonical(name)
        for module, names in metadata.packages_distributions().items()
        if re.search(rf"""^\s*(import|from) {module}\b|"{module}["._]""", ours, re.MULTILINE)
        for name in names
    }
    needed = {
        canonical(other)  # or at least put to use: Django's hasher is argon2-cffi's
        for name in required
        for other in metadata.requires(name) or []
    }
    assert required - used - needed == set()


def error_codes(tree: Any) -> Any:
    """The codes given to `ApiError(status, code, …)` and `error_responses(code, …)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = {"ApiError": node.args[1:2], "error_responses": node.args}.get(name, [])
        for argument in given:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                status = node.args[0].value if name == "ApiError" else None
                yield argument.value, status


def test_every_error_code_is_in_the_table_with_its_status() -> None:
    files = [path for app_name in APPS for path in (ROOT / app_name).rglob("*.py")]
    found = {pair for path in files for pair in error_codes(ast.parse(path.read_text()))}
    assert ("unavailable", 503) in found  # the search itself works
    unknown = {
        (code, status)
        for code, status in found
        if code not in CODES or status not in {None, CODES[code].status}
    }
    assert unknown == set()


def test_the_page_of_the_api_lists_exactly_the_codes_of_the_table() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", page, re.MULTILINE))
    assert rows == {code: str(row.status) for code, row in CODES.items()}


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled - set(app.tasks) == set()
