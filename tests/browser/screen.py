"""The screen as its tests speak of it: rows, prices, the connection's badge."""

import itertools
from typing import NamedTuple

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.integration.processes import wait_until

PASSWORD = "correct horse battery 7"
SIGNED_IN = "tickwatch.signed-in"
"""The name under which the screen remembers that somebody has signed in."""

_numbers = itertools.count(1)


class Account(NamedTuple):
    """Somebody with an account."""

    name: str
    api: httpx.Client
    """Signed in as this user, the way curl would be."""

    def watch(self, *tickers: str) -> None:
        """Put tickers on the list without the screen."""
        for ticker in tickers:
            self.api.post("watchlist", json={"ticker": ticker}).raise_for_status()

    def has(self, *tickers: str) -> None:
        """The list becomes exactly this on the server, too."""
        expected = list(tickers)
        wait_until(lambda: self._watched() == expected, what=f"the list {expected}")

    def _watched(self) -> list[str]:
        answer = self.api.get("watchlist").raise_for_status()
        return [item["ticker"] for item in answer.json()]


def register(url: str) -> Account:
    """A new account."""
    name = f"user{next(_numbers)}"
    api = httpx.Client(base_url=f"{url}/api/v1/", timeout=30)
    answer = api.post("auth/register", json={"username": name, "password": PASSWORD})
    api.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access']}"
    return Account(name, api)


def sign_in(context: BrowserContext, url: str, account: Account) -> None:
    """Give a browser the cookie of a signed-in user, without walking through the form."""
    answer = context.request.post(
        f"{url}/api/v1/auth/login",
        data={"username": account.name, "password": PASSWORD},
        headers={"X-Token-Transport": "cookie"},
    )
    assert answer.ok, answer.text()


class Screen:
    """One tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.search = page.get_by_role("combobox")
        self.badge = page.get_by_role("status", name="Connection")
        self.rows = page.locator('[data-entry="row"]')
        self.heading = page.get_by_role("heading", level=1)
        self.notices = page.get_by_role("status", name="Notices")

    def open(self) -> "Screen":
        """Load the page."""
        self.page.goto(self.url)
        return self

    def is_live(self) -> None:
        """The badge says that prices are live."""
        expect(self.badge).to_have_text("Live")

    def row(self, ticker: str) -> Locator:
        """A stock on the list."""
        return self.page.locator(f'[data-entry="row"][data-ticker="{ticker}"]')

    def price(self, ticker: str) -> Locator:
        """The cell with its price and currency."""
        return self.row(ticker).get_by_role("cell").nth(1)

    def tickers(self) -> list[str]:
        """What is on the list, in order."""
        found: list[str] = self.rows.evaluate_all("rows => rows.map(row => row.dataset.ticker)")
        return found

    def shows(self, *tickers: str) -> None:
        """The list becomes exactly this."""
        expect(self.page.locator("button[data-pick]")).to_have_text(list(tickers))

    def add(self, ticker: str) -> None:
        """Search a ticker and take it with Enter."""
        self.search.fill(ticker)
        self.search.press("Enter")
        expect(self.row(ticker)).to_be_visible()

    def sees_price_move(self, ticker: str) -> None:
        """The price becomes another one."""
        expect(self.price(ticker)).to_contain_text("USD")
        before = self.price(ticker).inner_text()
        expect(self.price(ticker)).not_to_have_text(before)
