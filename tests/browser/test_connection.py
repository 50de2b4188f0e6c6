"""The screen says what its prices are, whatever happens to the servers."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account
from tests.browser.stack import Stack

STALE = re.compile(r"Stale since \d\d:\d\d:\d\d")
STALE_MS = 12_000
"""Three seconds are what these servers are set to; without that it would be fifteen."""


def test_the_server_goes_away_and_comes_back(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    stack.stop_web()
    try:
        expect(screen.badge).to_have_text("Reconnecting…")
        expect(screen.badge).to_have_text(STALE, timeout=STALE_MS)
        expect(screen.price("AAPL")).to_contain_text("USD")
        screen.page.get_by_role("button", name="Remove AAPL").click()
        expect(screen.notices).to_contain_text("AAPL was not removed")
        expect(screen.notices).not_to_contain_text("Undo")
        screen.shows("AAPL")
        before = screen.price("AAPL").inner_text()
    finally:
        stack.start_web()
    expect(screen.badge).to_have_text("Live")
    expect(screen.price("AAPL")).not_to_have_text(before)
    screen.shows("AAPL")


def test_an_edit_made_meanwhile_is_there_when_the_connection_is_back(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    screen.page.context.set_offline(True)
    account.api.put("watchlist/KO", json={"position": 0}).raise_for_status()
    screen.page.evaluate("() => window.dispatchEvent(new Event('online'))")
    expect(screen.badge).not_to_have_text("Live")
    screen.page.context.set_offline(False)
    screen.shows("KO", "AAPL")
    screen.sees_price_move("KO")


def test_a_feed_that_falls_silent_is_called_stale_although_the_server_lives(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    screen.sees_price_move("AAPL")
    with stack.silence():
        expect(screen.badge).to_have_text(STALE, timeout=STALE_MS)
    expect(screen.badge).to_have_text("Live")


def test_while_redis_is_away_the_screen_says_stale_and_is_live_again_afterwards(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    screen.sees_price_move("AAPL")
    stack.kill_redis()
    try:
        expect(screen.badge).to_have_text(STALE, timeout=STALE_MS)
        expect(screen.price("AAPL")).to_contain_text("USD")
        before = screen.price("AAPL").inner_text()
    finally:
        stack.start_redis()
    # How soon is what tests/faults measures; here other tests may have the processors.
    expect(screen.badge).to_have_text("Live")
    expect(screen.price("AAPL")).not_to_have_text(before)
