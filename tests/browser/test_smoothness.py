"""Five hundred rows, every one of them moving once a second."""

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account

ROWS = 500
SECONDS = 3
LARGEST_SHARE = 0.7
"""Of the main thread, which was busy for a quarter of the time on a modest machine."""

WATCH_ROWS = """() => {
  window.changed = new Set()
  window.rebuilt = 0
  const row = (node) => (node.parentElement ?? node).closest?.('[data-ticker]')
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      const owner = row(target)
      if (owner) window.changed.add(owner.dataset.ticker)
      for (const node of addedNodes) if (node.dataset?.ticker) window.rebuilt += 1
    }
  }).observe(document.querySelector('[role=table]'), {
    subtree: true, childList: true, characterData: true,
  })
}"""


def test_five_hundred_rows_stay_smooth(open_screen: OpenScreen, account: Account) -> None:
    account.watch(*some_tickers(account, ROWS))
    screen = open_screen()
    screen.is_live()
    expect(screen.rows).to_have_count(ROWS)
    screen.page.wait_for_timeout(1_000)  # not the start, but what follows, shall be smooth
    screen.page.evaluate(WATCH_ROWS)
    browser = screen.page.context.new_cdp_session(screen.page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = busy_seconds(browser)
    screen.page.wait_for_timeout(SECONDS * 1_000)
    share = (busy_seconds(browser) - before) / SECONDS
    screen.page.wait_for_function(f"window.changed.size === {ROWS}")  # every row moved
    print(f"\nThe page's thread is busy for {share:.0%} of the time.")
    assert screen.page.evaluate("window.rebuilt") == 0  # and none was made anew
    assert share < LARGEST_SHARE


def busy_seconds(browser: CDPSession) -> float:
    """CPU time of the page's main thread: neighbours on the machine do not count."""
    metrics = browser.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def some_tickers(account: Account, count: int) -> list[str]:
    """Tickers of the universe, found as anybody would: by searching."""
    tickers: dict[str, None] = {}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        answer = account.api.get("securities", params={"q": letter, "limit": 100})
        tickers |= dict.fromkeys(each["ticker"] for each in answer.raise_for_status().json())
        if len(tickers) >= count:
            return list(tickers)[:count]
    pytest.fail(f"The universe has only {len(tickers)} tickers.")
