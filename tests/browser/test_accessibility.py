"""axe-core finds nothing serious, in light and in dark."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

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


CONTRAST = """(it, edge) => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const numbers = (color) => {
    pen.clearRect(0, 0, 1, 1)
    pen.fillStyle = color
    pen.fillRect(0, 0, 1, 1)
    return [...pen.getImageData(0, 0, 1, 1).data]
  }
  const brightness = ([red, green, blue]) => [red, green, blue]
    .map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0)
  let ground = it.parentElement
  const colorOf = (place) => numbers(getComputedStyle(place).backgroundColor)
  while (colorOf(ground)[3] < 255) ground = ground.parentElement
  const both = [numbers(getComputedStyle(it)[edge]), colorOf(ground)].map(brightness)
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
}"""


def stands_out(place: Locator, edge: str) -> None:
    """Its border or outline can be told from what is behind it (WCAG 1.4.11)."""
    for scheme in ("light", "dark"):
        place.page.emulate_media(color_scheme=scheme)
        assert (scheme, place.evaluate(CONTRAST, edge) >= 3) == (scheme, True)


def test_signed_out(signed_out: OpenScreen) -> None:
    page = signed_out().page
    expect(page.get_by_label("Username")).to_be_visible()
    stands_out(page.get_by_label("Username"), "borderTopColor")
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
    stands_out(screen.search, "borderTopColor")
    screen.page.get_by_role("button", name="Remove KO").click()
    undo = screen.notices.get_by_role("button", name="Undo")
    screen.page.keyboard.press("Shift")  # from now on the focus is shown
    undo.focus()
    expect(undo).not_to_have_css("outline-style", "none")
    stands_out(undo, "outlineColor")
    screen.search.fill("a")
    expect(screen.page.get_by_role("option").first).to_be_visible()
    is_clean(screen.page)
