"""What the pages say where a program can tell whether it is true."""

import re
from pathlib import Path

import pytest

from pricefeed.delivery import close_codes, protocol

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "frontend/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGET = re.compile(r"(?:^|[`(]|&& )make ([a-z][a-z-]*)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What the page's headings can be linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text()), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def is_broken(link: str, page: Path) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = LINK.findall(without_code(page.read_text()))
    inside = [link for link in links if not link.startswith(("http:", "https:"))]
    assert [link for link in inside if is_broken(link, page)] == []


def test_links_to_nowhere_are_found() -> None:
    page = ROOT / "README.md"
    assert is_broken("docs/no-such-page.md", page)
    assert is_broken("docs/protocol.md#no-such-heading", page)
    assert not is_broken("docs/protocol.md#close-codes", page)


def test_the_protocol_lists_exactly_the_close_codes_there_are() -> None:
    rows = re.findall(r"^\| (4\d{3}) \| ([^|]+) \|", PROTOCOL, re.MULTILINE)
    assert {int(code): reason for code, reason in rows} == close_codes.REASONS


def test_every_close_code_says_what_a_client_does() -> None:
    rows = re.findall(r"^\| 4\d{3} \|.*$", PROTOCOL, re.MULTILINE)
    assert [row for row in rows if any(not cell.strip() for cell in row.split("|")[1:-1])] == []
    assert {row.count("|") for row in rows} == {5}


def test_the_protocol_names_the_limits_of_the_code() -> None:
    assert f"{protocol.MAX_MESSAGE_BYTES:,} bytes" in PROTOCOL
    assert f'"heartbeat": {protocol.HEARTBEAT_SECONDS}' in PROTOCOL


def test_the_client_of_the_protocol_is_python() -> None:
    (client,) = re.findall(r"^```python\n(.*?)^```", PROTOCOL, re.MULTILINE | re.DOTALL)
    compile(client, "docs/protocol.md", "exec")


def test_every_make_target_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    there = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = {(page.name, target) for page in PAGES for target in TARGET.findall(page.read_text())}
    assert ("README.md", "run") in named
    assert {pair for pair in named if pair[1] not in there} == set()


def test_every_decision_is_on_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "adr"
    pages = {page.name for page in folder.glob("[0-9]*.md")}
    assert set(LINK.findall((folder / "README.md").read_text())) == pages
