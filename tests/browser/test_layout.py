"""From a phone to a wide screen, for eyes that want less motion, too."""

import contextlib
import json
import re

from playwright.sync_api import Error, Locator, Page, Route, WebSocketRoute, expect

from securities.tickers import TICKER_LENGTH
from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account, Screen
from tests.browser.stack import Stack

WIDTHS = (320, 390, 480, 600, 768, 1080, 1180, 1280, 1440, 1920)

HEADER_WIDTHS = sorted({*range(320, 1601, 20), 641, 961, 1101})
"""And each layout of the header at its narrowest."""

STICKING_OUT = """() => [...document.querySelectorAll('main *, header *')]
    .filter((it) => it.getClientRects().length && !it.closest('.visually-hidden'))
    .filter((it) => {
      const panel = it.closest('section, header')?.getBoundingClientRect()
      return it.getBoundingClientRect().right > (panel?.right ?? innerWidth) + 0.5
    })
    .map((it) => it.outerHTML.slice(0, 120))"""

COVERED_OR_CUT = """() => [...document.querySelectorAll('#root > header :is(span, button, input)')]
    .filter((it) => it.getClientRects().length && !it.matches('[role=search] :not(input)'))
    .filter((it) => {
      const { left, right, top, bottom } = it.getBoundingClientRect()
      const isSeenAt = (x) => it.contains(document.elementFromPoint(x, (top + bottom) / 2))
      return it.scrollWidth > it.clientWidth || ![left + 1, right - 1].every(isSeenAt)
    })
    .map((it) => it.textContent || it.tagName)"""

HEAD_UNDER_HEADER = """() => {
  const { position, top } = getComputedStyle(document.querySelector('[role=rowgroup]'))
  const header = document.querySelector('#root > header > div')
  return position === 'sticky' && header.offsetHeight > parseFloat(top)
}"""

RUNS_OVER = """(place) => [place, ...place.children]
    .filter((it) => it.getBoundingClientRect().right > place.getBoundingClientRect().right + 0.5
      || (it.scrollWidth > it.clientWidth && getComputedStyle(it).textOverflow !== 'ellipsis'))
    .map((it) => it.outerHTML.slice(0, 120))"""

OVER_ANOTHER = """(row) => {
  const isPiece = (it) => it.matches('[aria-label]')
    || (it.textContent && [...it.children].every((child) => child.matches('svg')))
  const pieces = [...row.querySelectorAll('*')]
    .filter((it) => isPiece(it) && it.getClientRects().length)
    .map((it) => [it.ariaLabel ?? it.textContent, it.getBoundingClientRect()])
  const isOver = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
  const edge = row.getBoundingClientRect().right
  return pieces.flatMap(([text, box], index) => [
    ...(box.right > edge ? [`${text} sticks out`] : []),
    ...pieces.slice(index + 1).filter(([, other]) => isOver(box, other))
      .map(([other]) => `${text} over ${other}`),
  ])
}"""

# Found and measured in one step: the next price puts another element there.
FLASH_OF = """(ticker) => {
  const moved = document.querySelector(`[data-ticker="${ticker}"] [data-moved]`)
  return moved && getComputedStyle(moved).animationName
}"""

IS_CUT = "(it) => it.scrollWidth > it.clientWidth || it.scrollHeight > it.clientHeight"

LETTERS_IN_A_LINE = """(heading) => {
  const range = document.createRange()
  range.selectNodeContents(heading.firstChild)
  return heading.textContent.length / range.getClientRects().length
}"""

MOVES = {
    "AAPL": ("57409.69", "-13824.81", "-19.41"),
    "KO": ("853057.48", "140711.88", "19.75"),
    "MSFT": ("12345678.92", "11633333.32", "1633.11"),
    "NVDA": ("999999999.99", "-999999999.99", "-99.99"),
    "TSLA": ("157845.91", "157843.41", "6313736.40"),
    "AMZN": ("0.00012345", "-0.00000012", "-0.10"),
    "NFLX": ("99.99", "99.98", "99999999999800.00"),
}
"""Tickers with a price, its change, and the change in percent."""


def let_move(page: Page) -> None:
    """The prices that arrive for these are others."""

    def moved(message: str | bytes) -> str:
        frame = json.loads(message)
        for quote in frame.get("quotes", []):
            if quote["ticker"] in MOVES:
                fields = ("price", "abs_change", "pct_change")
                quote.update(zip(fields, MOVES[quote["ticker"]], strict=True))
        return json.dumps(frame)

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server().on_message(lambda message: socket.send(moved(message)))

    page.route_web_socket(re.compile("/ws/watchlist"), through)


def open_as(open_screen: OpenScreen, name: str) -> Screen:
    """The screen of somebody of that name, while the market is closed."""

    def prepare(page: Page) -> None:
        page.route(
            "**/api/v1/auth/me",
            lambda route: route.fulfill(json={**route.fetch().json(), "username": name}),
        )
        closed = {"state": "closed", "until": None}
        page.route("**/api/v1/market", lambda route: route.fulfill(json=closed))

    screen = open_screen(prepare)
    screen.is_live()
    expect(screen.page.get_by_role("status", name="Market")).to_be_visible()
    return screen


def test_nothing_sticks_out_at_any_width(open_screen: OpenScreen, account: Account) -> None:
    account.watch("AAPL", "BRK.B", "MSFT", "SIM01")
    screen = open_screen()
    screen.is_live()
    expect(screen.page.locator("canvas").first).to_be_visible()
    for width in WIDTHS:
        screen.page.set_viewport_size({"width": width, "height": 800})
        with contextlib.suppress(Error):  # the chart follows its panel a frame later
            screen.page.wait_for_function(f"() => ({STICKING_OUT})().length === 0", timeout=2_000)
        assert (width, screen.page.evaluate(STICKING_OUT)) == (width, [])
        assert screen.page.locator("html").evaluate("it => it.scrollWidth") <= width
        box = screen.page.get_by_role("button", name="Remove MSFT").bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.5.8


def test_large_prices_run_over_nothing_at_any_width(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("SIM01", *MOVES)
    screen = open_screen(let_move)
    screen.row("NVDA").click()
    chart = screen.page.get_by_role("region", name="NVDA")
    for place in (screen.row("NVDA"), chart):
        expect(place).to_contain_text("999,999,999.99")
    for width in (*WIDTHS, 540, 1024):
        screen.page.set_viewport_size({"width": width, "height": 800})
        over = screen.rows.evaluate_all(f"rows => rows.flatMap({OVER_ANOTHER})")
        assert (width, over) == (width, [])
        assert (width, chart.locator("header").evaluate(OVER_ANOTHER)) == (width, [])
        expect(chart.get_by_text("Previous close")).to_be_visible()


def test_the_header_has_room_for_the_longest_badge_at_any_width(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL")
    screen = open_as(open_screen, "alexandra.smith")
    screen.page.context.set_offline(True)
    screen.page.evaluate("() => window.dispatchEvent(new Event('online'))")
    expect(screen.page.get_by_role("button", name="Retry")).to_be_visible()
    expect(screen.badge).to_contain_text("Stale since")
    for width in HEADER_WIDTHS:
        screen.page.set_viewport_size({"width": width, "height": 800})
        assert (width, screen.page.evaluate(COVERED_OR_CUT)) == (width, [])
        assert (width, screen.page.evaluate(HEAD_UNDER_HEADER)) == (width, False)
    expect(screen.page.get_by_text("alexandra.smith")).to_be_visible()


def test_of_all_that_is_in_the_header_only_a_very_long_name_is_cut(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL")
    name = "w" * 150
    screen = open_as(open_screen, name)
    for width in (320, 768, 1024, 1120, 1280, 1600):
        screen.page.set_viewport_size({"width": width, "height": 800})
        assert set(screen.page.evaluate(COVERED_OR_CUT)) <= {name}
    expect(screen.page.get_by_title(name)).to_be_visible()


def test_the_longest_ticker_runs_over_nothing(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    ticker = "W" * TICKER_LENGTH
    stack.do("create_security", ticker)
    try:
        account.watch(ticker)
        screen = open_screen()
        chart = screen.page.get_by_role("region", name=ticker)
        expect(screen.price(ticker)).to_contain_text("USD")
        for width in (320, 480, 768, 1280):
            screen.page.set_viewport_size({"width": width, "height": 800})
            for place in (screen.row(ticker).get_by_role("rowheader"), chart.locator("h2")):
                assert (width, place.evaluate(RUNS_OVER)) == (width, [])
        with stack.silence():  # the simulation would bring it back: another last jump
            stack.do("jump", ticker, percent=6_313_856)
            expect(chart).to_contain_text("+6,313,856.00%")
            for width in (480, 600, 768, 1080, 1280):
                screen.page.set_viewport_size({"width": width, "height": 800})
                header = chart.locator("header")
                assert (width, header.evaluate(OVER_ANOTHER)) == (width, [])
                letters = chart.locator("h2").evaluate(LETTERS_IN_A_LINE)
                assert (width, letters >= 6) == (width, True)
        expect(screen.page.get_by_role("button", name=ticker, exact=True)).to_have_attribute(
            "title", ticker
        )
    finally:
        stack.do("set_active", ticker, active=False)


def only_security_is(page: Page, ticker: str, *, name: str) -> None:
    """All that the search finds, and an empty list suggests."""

    def found(route: Route) -> None:
        security = {
            "ticker": ticker,
            "name": name,
            "exchange": "NASDAQ",
            "currency": "USD",
            "last_price": "123456.78",
            "last_price_at": None,
        }
        is_known_one = "limit=1&" in f"{route.request.url}&"
        route.fulfill(json=[] if is_known_one else [security])

    page.route("**/api/v1/securities?*", found)


def test_the_longest_ticker_fits_where_an_empty_list_suggests_it(open_screen: OpenScreen) -> None:
    ticker = "W" * TICKER_LENGTH
    screen = open_screen(lambda page: only_security_is(page, ticker, name="W"))
    idea = screen.page.get_by_role("button", name=f"Add {ticker}")
    expect(idea).to_be_visible()
    for width in (320, 620, 1100, 1280):
        screen.page.set_viewport_size({"width": width, "height": 800})
        for place in (idea, idea.get_by_text(ticker, exact=True).locator("..")):
            assert (width, place.evaluate(RUNS_OVER)) == (width, [])


def test_on_a_phone_the_search_shows_whole_names(open_screen: OpenScreen) -> None:
    name = "Consolidated Holdings of Northern America, Incorporated, Class B"
    screen = open_screen(
        lambda page: only_security_is(page, "CHNA", name=name),
        viewport={"width": 320, "height": 800},
    )
    screen.search.fill("chna")
    option = screen.page.get_by_role("option")
    expect(option).to_contain_text(name)
    assert option.evaluate(OVER_ANOTHER) == []
    assert option.get_by_text(name).evaluate(IS_CUT) is False
    assert option.evaluate("it => it.firstChild.offsetLeft < it.lastChild.offsetLeft")


def test_on_a_phone_a_tapped_row_brings_its_chart_into_sight(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch(*(f"SIM{number:02}" for number in range(16)))
    phone = {"width": 390, "height": 700}
    screen = open_screen(viewport=phone, has_touch=True)
    screen.row("SIM15").tap()
    chart = screen.page.get_by_role("region", name="SIM15")
    expect(chart).to_be_in_viewport(ratio=0.5)


def test_prices_flash_only_for_those_who_want_motion(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    names = []
    for motion in ("no-preference", "reduce"):
        screen.page.emulate_media(reduced_motion=motion)
        names.append(screen.page.wait_for_function(FLASH_OF, arg="AAPL").json_value())
    assert names[0].startswith("_flash-")
    assert names[1] == "none"


def test_what_is_chosen_shows_in_the_colours_of_the_system(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL", "KO")
    screen = open_screen(forced_colors="active")
    screen.is_live()

    def button(name: str) -> Locator:
        return screen.page.get_by_role("button", name=name, exact=True)

    mark = color(screen, "Highlight")
    for chosen, other, part in (
        (screen.row("AAPL"), screen.row("KO"), "::before"),
        (button("Tick"), button("1m"), ""),
        (button("15 min"), button("All"), ""),
    ):
        assert background(chosen, part) == mark
        assert background(other, part) != mark
    dot = screen.badge.locator("span")
    assert background(dot) == color(screen, "CanvasText")


def color(screen: Screen, name: str) -> str:
    """A colour of the system: these alone are left as they are where the system sets colours."""
    found: str = screen.page.evaluate(
        """(name) => {
          const probe = document.body.appendChild(document.createElement('i'))
          probe.style.background = name
          const found = getComputedStyle(probe).backgroundColor
          probe.remove()
          return found
        }""",
        name,
    )
    return found


def background(place: Locator, part: str = "") -> str:
    """The colour behind an element, or behind such a part of it."""
    found: str = place.evaluate(
        "(it, part) => getComputedStyle(it, part || null).backgroundColor", part
    )
    return found
