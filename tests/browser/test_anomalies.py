"""Prices that jump: arrows on the chart, and the last one in words."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account, Screen
from tests.browser.stack import Stack


@pytest.fixture
def still(stack: Stack) -> Iterator[None]:
    """The simulation, which would bring a price back at once, says nothing."""
    with stack.silence():
        yield


def last_jump(screen: Screen) -> Locator:
    """What the panel of the chosen stock says of it."""
    return screen.page.get_by_role("region", name="AAPL").get_by_role("definition").first


def test_a_jump_shows_at_once_and_is_remembered(
    open_screen: OpenScreen, account: Account, stack: Stack, still: None
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    stack.do("jump", "AAPL", percent=25)
    expect(last_jump(screen)).to_contain_text("+25.00%")
    expect(last_jump(open_screen())).to_contain_text("+25.00%")


def test_what_jumped_while_the_server_was_away_is_caught_up_with(
    open_screen: OpenScreen, account: Account, stack: Stack, still: None
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    expect(last_jump(screen)).to_be_visible()
    stack.stop_web()
    stack.do("jump", "AAPL", percent=-30)
    stack.start_web()
    expect(last_jump(screen)).to_contain_text("\u221230.00%")
