"""A real browser against real servers. Without Chromium these tests say so and are skipped."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.screen import SIGNED_IN, Account, Screen, register, sign_in
from tests.browser.stack import Stack
from tests.integration.processes import ROOT

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 20_000
"""How long `expect` waits where no time is promised: other tests have the cores, too."""

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenScreen = Callable[..., Screen]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each test has contexts of its own in it."""
    found = str(CHROMIUM) if CHROMIUM.exists() else shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium).")
    if not (ROOT / "frontend" / "dist" / "index.html").is_file():
        pytest.skip("The screen is not built: npm ci && npm run build in frontend/.")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The servers; only started when there is a browser to look at them."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def account(stack: Stack) -> Iterator[Account]:
    """Somebody new, with an empty list."""
    account = register(stack.url)
    yield account
    account.api.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser profiles and closes them; no error in a page goes unnoticed.

    They want no motion where nothing else is said: flashes are drawn sixty times a second.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(**options: object) -> BrowserContext:
        usual = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        context = browser.new_context(**{**usual, **options})  # type: ignore[arg-type]
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def open_screen(
    stack: Stack, account: Account, new_context: Callable[..., BrowserContext]
) -> OpenScreen:
    """Opens the screen as the signed-in account; options are the browser profile's.

    `prepare` has the page before it loads: to answer in the place of servers.
    """

    def open_it(prepare: Callable[[Page], None] | None = None, **options: object) -> Screen:
        remembered = {"name": SIGNED_IN, "value": "yes"}
        origin = {"origin": stack.url, "localStorage": [remembered]}
        context = new_context(storage_state={"cookies": [], "origins": [origin]}, **options)
        sign_in(context, stack.url, account)
        page = context.new_page()
        if prepare is not None:
            prepare(page)
        screen = Screen(page, stack.url).open()
        expect(screen.search).to_be_visible()
        return screen

    return open_it


@pytest.fixture
def signed_out(stack: Stack, new_context: Callable[..., BrowserContext]) -> OpenScreen:
    """Opens the screen as nobody."""

    def open_it(**options: object) -> Screen:
        return Screen(new_context(**options).new_page(), stack.url).open()

    return open_it
