"""Everything works without a mouse."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import PASSWORD, Account


def test_from_signing_in_to_undoing_a_removal(signed_out: OpenScreen, account: Account) -> None:
    account.watch("AAPL")
    screen = signed_out()
    keyboard = screen.page.keyboard
    expect(screen.page.get_by_label("Username")).to_be_visible()
    keyboard.press("Tab")
    keyboard.type(account.name)
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    screen.shows("AAPL")
    expect(screen.heading).to_be_focused()
    expect(screen.heading).to_have_text("Your watchlist")

    keyboard.press("/")
    keyboard.type("KO")
    expect(screen.page.get_by_role("option").first).to_contain_text("KO")
    keyboard.press("ArrowDown")
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    screen.shows("AAPL", "KO")
    keyboard.type("MSFT")
    keyboard.press("Enter")
    screen.shows("AAPL", "KO", "MSFT")

    screen.page.locator("button[data-pick=MSFT]").focus()
    keyboard.press("Home")
    keyboard.press("ArrowDown")
    expect(screen.page.locator("button[data-pick=KO]")).to_be_focused()
    keyboard.press("Enter")
    expect(screen.page.get_by_role("region", name="KO")).to_be_visible()
    keyboard.press("Delete")
    screen.shows("AAPL", "MSFT")
    expect(screen.page.locator("button[data-pick=MSFT]")).to_be_focused()
    keyboard.press("Control+z")
    screen.shows("AAPL", "KO", "MSFT")
    expect(screen.page.locator("button[data-pick=KO]")).to_be_focused()


def test_undo_takes_the_focus_to_what_came_back(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.page.get_by_role("button", name="Remove AAPL").press("Enter")
    expect(screen.rows).to_have_count(0)
    expect(screen.heading).to_be_focused()
    screen.notices.get_by_role("button", name="Undo").press("Enter")
    expect(screen.page.locator("button[data-pick=AAPL]")).to_be_focused()


def test_an_idea_that_is_taken_keeps_the_focus(open_screen: OpenScreen) -> None:
    screen = open_screen()
    idea = screen.page.get_by_role("button", name="Add AAPL")
    idea.press("Enter")
    expect(screen.page.locator("button[data-pick=AAPL]")).to_be_focused()
    screen.page.keyboard.press("Delete")
    expect(screen.heading).to_be_focused()
    expect(idea).to_be_visible()
    screen.page.keyboard.press("Tab")
    expect(idea).to_be_focused()


def test_the_focus_stays_in_the_row_that_takes_the_place_of_the_last(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL", "KO")
    screen = open_screen()
    screen.page.get_by_role("button", name="Remove KO").press("Enter")
    expect(screen.page.locator("button[data-pick=AAPL]")).to_be_focused()


def test_tab_reaches_every_control(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL", "KO")
    screen = open_screen()
    screen.shows("AAPL", "KO")
    expect(screen.page.locator("canvas").first).to_be_visible()
    reached = []
    for _ in range(20):
        screen.page.keyboard.press("Tab")
        reached.append(
            screen.page.evaluate(
                "() => document.activeElement.ariaLabel || document.activeElement.textContent"
            )
        )
    order = ["Search stocks by ticker or name", "Sign out", "Tick", "5 min", "TradingView", "AAPL"]
    places = [reached.index(name) for name in order]
    assert places == sorted(places), reached
    assert "Remove AAPL" in reached
