"""Coming in, staying in, going out."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import PASSWORD, SIGNED_IN, Account, Screen
from tests.browser.stack import Stack


def fill(screen: Screen, name: str, password: str) -> None:
    screen.page.get_by_label("Username").fill(name)
    screen.page.get_by_label("Password").fill(password)


def test_signing_up_leads_to_an_empty_list_that_suggests_what_to_add(
    signed_out: OpenScreen,
) -> None:
    screen = signed_out()
    screen.page.get_by_role("button", name="Create an account").click()
    fill(screen, "newcomer", "1234")
    screen.page.get_by_role("button", name="Create account").click()
    expect(screen.page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    expect(screen.page.get_by_text(re.compile("too short"))).to_be_visible()
    fill(screen, "newcomer", PASSWORD)
    screen.page.get_by_role("button", name="Create account").click()
    screen.page.get_by_role("button", name="Add AAPL").click()
    expect(screen.row("AAPL")).to_be_visible()
    screen.is_live()
    screen.sees_price_move("AAPL")


def test_a_wrong_password_is_said_and_the_right_one_signs_in(
    signed_out: OpenScreen, account: Account
) -> None:
    screen = signed_out()
    fill(screen, account.name, "something else")
    screen.page.get_by_role("button", name="Sign in").click()
    expect(screen.page.get_by_role("alert")).to_be_visible()
    fill(screen, account.name, PASSWORD)
    screen.page.get_by_role("button", name="Sign in").click()
    expect(screen.search).to_be_visible()


def test_no_script_can_read_what_keeps_one_signed_in(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.is_live()
    stored = screen.page.evaluate(
        "() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]"
    )
    assert stored == ["", f'{{"{SIGNED_IN}":"yes"}}', "{}"]
    [cookie] = screen.page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"


def test_signing_out_ends_every_tab(open_screen: OpenScreen) -> None:
    first = open_screen()
    first.is_live()
    second = Screen(first.page.context.new_page(), first.url).open()
    second.is_live()
    first.page.get_by_role("button", name="Sign out").click()
    for screen in (first, second):
        expect(screen.page.get_by_label("Username")).to_be_visible()
        expect(screen.heading).to_be_focused()
    asked = requests_of(first.page)
    first.page.reload()
    expect(first.page.get_by_label("Username")).to_be_visible()
    assert not [path for path in asked if "/auth/" in path]


def requests_of(page: Page) -> list[str]:
    """The addresses that a page asks from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def test_a_first_visit_asks_for_nobody_s_session_and_leaves_nothing_red_in_the_console(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    asked = requests_of(page)
    Screen(page, stack.url).open()
    expect(page.get_by_label("Username")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert stack.url + "/" in asked
    assert not [path for path in asked if "/auth/" in path]
    assert said == []


def test_two_tabs_that_load_at_once_both_stay_signed_in(open_screen: OpenScreen) -> None:
    """They share a cookie, and take turns with it."""
    first = open_screen()
    first.is_live()
    tabs = [first, *(Screen(first.page.context.new_page(), first.url) for _ in range(3))]
    for tab in tabs:
        tab.page.evaluate("url => { location.href = url }", first.url)
    for tab in tabs:
        tab.is_live()
