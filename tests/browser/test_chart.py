"""The chart: every price, or candles of a minute up to a day."""

import re

from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account, Screen
from tests.browser.stack import Stack
from tests.integration.processes import wait_until

CANDLES = {"1m": "a minute", "5m": "five minutes", "1h": "an hour", "1d": "a day"}

TIME_AXIS = "[role=group] tr:last-child"


def drawn(chart: Locator, what: str) -> Locator:
    """The drawing, as a screen reader hears of it."""
    return chart.get_by_role("group", name=re.compile(f"^Price chart of AAPL. {what}"))


def is_chosen(chart: Locator, name: str) -> None:
    """This interval's button is pressed, and no other."""
    pressed = chart.get_by_role("group", name="Interval").locator("[aria-pressed=true]")
    expect(pressed).to_have_text([name])


def pixels(screen: Screen, part: str = "") -> str:
    """What the chart's canvases show, or those of a part of it."""
    found: str = screen.page.evaluate(
        "(all) => [...document.querySelectorAll(all)].map((it) => it.toDataURL()).join()",
        f"{part} canvas",
    )
    return found


def turned(route: Route) -> None:
    """Answer with candles whose bodies are others, each as long as it is."""
    candles = route.fetch().json()
    for candle in candles:
        opened = float(candle["open"])
        ends = candle["low"], candle["high"]
        candle["open"] = max(ends, key=lambda end: abs(float(end) - opened))
    route.fulfill(json=candles)


def test_buttons_switch_between_prices_and_candles(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    chart = screen.page.get_by_role("region", name="AAPL")
    expect(drawn(chart, "Every price")).to_be_visible()
    is_chosen(chart, "Tick")
    for name, of in CANDLES.items():
        with screen.page.expect_response(re.compile(f"/AAPL/history.interval={name}&")) as answer:
            chart.get_by_role("button", name=name, exact=True).click()
        assert answer.value.ok
        expect(drawn(chart, f"Candles of {of}")).to_be_visible()
        is_chosen(chart, name)
        # Ranges are of minutes, and make no sense of days.
        expect(chart.get_by_role("group", name="Time range")).to_be_hidden()
    chart.get_by_role("button", name="Tick", exact=True).click()
    expect(drawn(chart, "Every price")).to_be_visible()
    expect(chart.get_by_role("group", name="Time range")).to_be_visible()


def test_the_newest_candle_moves_with_the_prices(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL")
    screen = open_screen()
    screen.is_live()
    chart = screen.page.get_by_role("region", name="AAPL")
    chart.get_by_role("button", name="1d", exact=True).click()
    expect(drawn(chart, "Candles of a day")).to_be_visible()
    before = pixels(screen)
    screen.sees_price_move("AAPL")
    wait_until(lambda: pixels(screen) != before, what="the candle's move")


def test_intervals_are_chosen_by_keyboard(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL")
    screen = open_screen()
    chart = screen.page.get_by_role("region", name="AAPL")
    chart.get_by_role("button", name="Tick", exact=True).focus()
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.press("Enter")
    expect(drawn(chart, "Candles of a minute")).to_be_visible()
    expect(chart.get_by_role("button", name="1m", exact=True)).to_be_focused()
    is_chosen(chart, "1m")


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl_for_good(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("AAPL")
    screen = open_screen(viewport={"width": 640, "height": 400})
    screen.is_live()
    chart = screen.page.get_by_role("region", name="AAPL")
    chart.get_by_role("button", name="1d", exact=True).click()
    drawn(chart, "Candles of a day").hover()
    top: float = screen.page.evaluate("() => scrollY")
    screen.page.mouse.wheel(0, 50)
    screen.page.wait_for_function(f"() => scrollY === {top + 50}")
    with stack.silence():  # prices would move the candle
        expect(screen.badge).to_contain_text("Stale")
        before = pixels(screen)
        screen.page.keyboard.down("Control")
        screen.page.mouse.wheel(0, -300)
        wait_until(lambda: pixels(screen) != before, what="a wider candle")
        assert screen.page.evaluate("() => scrollY") == top + 50
        screen.page.keyboard.up("Control")
        zoomed, times = pixels(screen), pixels(screen, TIME_AXIS)
        screen.page.route("**/history?interval=1d&*", turned)
        screen.page.context.set_offline(True)
        screen.page.evaluate("() => window.dispatchEvent(new Event('online'))")
        expect(screen.page.get_by_role("button", name="Retry")).to_be_visible()
        screen.page.context.set_offline(False)
        wait_until(lambda: pixels(screen) != zoomed, what="what was read anew")
        assert pixels(screen, TIME_AXIS) == times
