"""Five hundred rows, every one of them moving once a second."""

from playwright.sync_api import CDPSession, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account
from tests.browser.stack import Stack

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


def test_five_hundred_rows_stay_smooth(
    open_screen: OpenScreen, account: Account, stack: Stack
) -> None:
    account.watch("AAPL")
    stack.do("watch", account.name, ROWS)
    screen = open_screen(reduced_motion="no-preference")
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
