"""axe-core finds nothing serious, in light and in dark."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account
from tests.integration.processes import ROOT

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def is_clean(page: Page) -> None:
    """Nothing that axe calls serious or critical, whatever the system's colours."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert (scheme, violations(page)) == (scheme, [])


def violations(page: Page) -> list[Any]:
    """Each rule that is broken, with the elements that break it."""
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        (each["id"], [(node["html"], node["failureSummary"]) for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def test_signed_out(signed_out: OpenScreen) -> None:
    page = signed_out().page
    expect(page.get_by_label("Username")).to_be_visible()
    is_clean(page)
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    is_clean(page)


def test_empty_list(open_screen: OpenScreen) -> None:
    screen = open_screen()
    expect(screen.page.get_by_role("button", name="Add AAPL")).to_be_visible()
    is_clean(screen.page)


def test_filled_list(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL", "KO", "MSFT", "SIM01")
    screen = open_screen()
    screen.is_live()
    expect(screen.page.locator("canvas").first).to_be_visible()
    is_clean(screen.page)
    screen.page.get_by_role("button", name="Remove KO").click()
    screen.search.fill("a")
    expect(screen.page.get_by_role("option").first).to_be_visible()
    is_clean(screen.page)
