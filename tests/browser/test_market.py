"""Where prices have market hours the screen says so, and whether their source is in trouble."""

import itertools
import re
import time
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account, Screen
from tests.browser.stack import Stack


def market_is(page: Page, *states: dict[str, Any]) -> None:
    """What the server says of the market, answer by answer; the last for ever."""
    answers = itertools.chain(states, itertools.repeat(states[-1]))
    page.route("**/api/v1/market", lambda route: answer(route, next(answers)))


def answer(route: Route, state: dict[str, Any]) -> None:
    route.fulfill(json=state)


def ms_from_now(seconds: float) -> int:
    return int((time.time() + seconds) * 1000)


def badge(screen: Screen) -> Locator:
    return screen.page.get_by_role("status", name="Market")


BADGES = {
    "pre": "Pre-market",
    "open": "Market open",
    "post": "After hours",
    "closed": "Market closed",
}


def test_the_market_has_a_badge_that_says_until_when(open_screen: OpenScreen) -> None:
    until = ms_from_now(3600)
    screen = open_screen(lambda page: market_is(page, {"state": "always", "until": None}))
    for state, text in BADGES.items():
        market_is(screen.page, {"state": state, "until": until})
        screen.page.reload()
        expect(badge(screen)).to_have_text(text)
        expect(badge(screen)).to_have_attribute("title", re.compile(r"^Until .*\d"))
        screen.is_live()


def test_when_its_time_is_over_the_badge_is_another(open_screen: OpenScreen) -> None:
    states = (
        {"state": "open", "until": ms_from_now(1)},
        {"state": "closed", "until": ms_from_now(3600)},
    )
    screen = open_screen(lambda page: market_is(page, *states))
    expect(badge(screen)).to_have_text("Market open")
    expect(badge(screen)).to_have_text("Market closed")


def test_prices_without_hours_have_no_badge(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.is_live()
    with screen.page.expect_response("**/api/v1/market") as answered:
        screen.page.reload()
    assert answered.value.json() == {"state": "always", "until": None}
    screen.is_live()
    expect(badge(screen)).to_have_count(0)


def test_a_source_in_trouble_is_said_with_its_time_until_it_is_over(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    screen.sees_price_move("AAPL")
    since_ms = ms_from_now(-600)
    clock = screen.page.evaluate("since => new Date(since).toTimeString().slice(0, 8)", since_ms)
    with stack.silence():
        stack.do("say_delayed", since_ms=since_ms)
        expect(screen.badge).to_have_text(f"Delayed since {clock}")
        expect(screen.price("AAPL")).to_contain_text("USD")
    expect(screen.badge).to_have_text("Live")
