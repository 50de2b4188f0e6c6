"""Five hundred rows, every one of them moving once a second."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import SOON, Account

ROWS = 500
SECONDS = 3

WATCH_FRAMES = """() => {
  window.frames_ms = []
  window.long_tasks_ms = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.long_tasks_ms.push(entry.duration)
  }).observe({ type: 'longtask' })
  let before = performance.now()
  const next = (now) => {
    window.frames_ms.push(now - before)
    before = now
    requestAnimationFrame(next)
  }
  requestAnimationFrame(next)
}"""

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
    found = account.api.get("securities", params={"limit": 100})
    assert found.is_success
    account.watch(*some_tickers(account, ROWS))
    screen = open_screen()
    screen.is_live()
    expect(screen.rows).to_have_count(ROWS, timeout=SOON)
    screen.page.wait_for_timeout(1_000)  # not the start, but what follows, shall be smooth
    screen.page.evaluate(WATCH_FRAMES)
    screen.page.evaluate(WATCH_ROWS)
    screen.page.wait_for_timeout(SECONDS * 1_000)
    frames = sorted(screen.page.evaluate("() => window.frames_ms"))
    long_tasks = screen.page.evaluate("() => window.long_tasks_ms")
    changed = screen.page.evaluate("() => [window.changed.size, window.rebuilt]")
    print(f"\n{len(frames) / SECONDS:.0f} frames a second, slowest {frames[-1]:.0f} ms,", end=" ")
    print(f"long tasks {[round(each) for each in long_tasks]} ms")
    assert changed == [ROWS, 0]  # every row moved, and none was made anew
    assert len(frames) / SECONDS > 30
    assert max(long_tasks, default=0) < 200
    assert sum(long_tasks) < SECONDS * 1_000 * 0.1


def some_tickers(account: Account, count: int) -> list[str]:
    """Tickers of the universe, found as anybody would: by searching."""
    tickers: dict[str, None] = {}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        answer = account.api.get("securities", params={"q": letter, "limit": 100})
        tickers |= dict.fromkeys(each["ticker"] for each in answer.raise_for_status().json())
        if len(tickers) >= count:
            return list(tickers)[:count]
    pytest.fail(f"The universe has only {len(tickers)} tickers.")
