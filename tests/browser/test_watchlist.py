"""What one does all day: search, add, watch, remove."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account, Screen
from tests.browser.stack import Stack


def test_searching_by_name_and_adding_with_enter(open_screen: OpenScreen, account: Account) -> None:
    account.watch("MSFT")
    screen = open_screen()
    screen.page.keyboard.press("/")
    screen.page.keyboard.type("microsoft")
    option = screen.page.get_by_role("option").filter(has_text="MSFT")
    expect(option).to_contain_text("On your list")
    screen.search.fill("apple")
    expect(screen.page.get_by_role("option").first).to_contain_text("AAPL")
    screen.page.keyboard.press("Enter")
    screen.shows("MSFT", "AAPL")
    account.has("MSFT", "AAPL")
    expect(screen.notices).to_contain_text("AAPL added")
    screen.search.fill("AAPL")
    screen.search.press("Enter")
    expect(screen.notices).to_have_text("AAPL is on your list already")


def test_nothing_found_is_said(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.search.fill("qqqqqqqqqq")
    expect(screen.page.get_by_text(re.compile("Nothing found"))).to_be_visible()


def test_prices_move_in_the_row_and_in_the_chart(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL", "SIM00")
    screen = open_screen()
    screen.is_live()
    screen.sees_price_move("AAPL")
    screen.row("SIM00").click()
    chart = screen.page.get_by_role("region", name="SIM00")
    expect(chart.locator("canvas").first).to_be_visible()
    price = chart.locator("p").filter(has_text="USD")
    before = price.inner_text()
    expect(price).not_to_have_text(before)


def test_an_open_tab_follows_what_curl_does(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    second = Screen(screen.page.context.new_page(), screen.url).open()
    second.is_live()
    account.api.put("watchlist/MSFT", json={"position": 0}).raise_for_status()
    for tab in (screen, second):
        tab.shows("MSFT", "AAPL")
        tab.sees_price_move("MSFT")
    account.api.delete("watchlist/AAPL").raise_for_status()
    for tab in (screen, second):
        tab.shows("MSFT")


def test_a_removed_stock_comes_back_where_it_was(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL", "KO", "MSFT")
    screen = open_screen()
    screen.page.get_by_role("button", name="Remove KO").click()
    screen.shows("AAPL", "MSFT")
    expect(screen.notices).to_contain_text("KO removed")
    screen.notices.get_by_role("button", name="Undo").click()
    screen.shows("AAPL", "KO", "MSFT")
    screen.page.reload()  # at once: an edit under way is not lost
    screen.shows("AAPL", "KO", "MSFT")
    account.has("AAPL", "KO", "MSFT")


def test_a_reload_keeps_the_list_and_the_choice(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL", "KO")
    screen = open_screen()
    screen.add("MSFT")
    screen.row("KO").click()
    expect(screen.page.get_by_role("region", name="KO")).to_be_visible()
    screen.page.reload()
    screen.shows("AAPL", "KO", "MSFT")
    expect(screen.page.get_by_role("region", name="KO")).to_be_visible()


def test_a_deactivated_stock_leaves_with_a_word_and_comes_back_or_is_removed(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("SIM19", "AAPL")
    screen = open_screen()
    screen.is_live()
    note = screen.page.get_by_role("region", name="No longer active")
    expect(note).to_be_hidden()
    stack.do("set_active", "SIM19", active=False)
    try:
        screen.shows("AAPL")
        expect(screen.notices).to_contain_text("SIM19")
        expect(note).to_contain_text("SIM19")
        stack.do("set_active", "SIM19", active=True)
        screen.shows("SIM19", "AAPL")
        expect(note).to_be_hidden()

        stack.do("set_active", "SIM19", active=False)
        screen.shows("AAPL")
        screen.page.reload()
        note.get_by_role("button", name="Remove SIM19").click()
        expect(note).to_be_hidden()
        account.has("AAPL")
        expect(screen.page.get_by_role("button", name="AAPL", exact=True)).to_be_focused()
    finally:
        stack.do("set_active", "SIM19", active=True)
