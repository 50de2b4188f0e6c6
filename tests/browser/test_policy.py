"""The page needs nothing that a strict policy would forbid."""

from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenScreen
from tests.browser.screen import Account

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'"
)


def test_it_works_under_a_strict_content_security_policy(
    open_screen: OpenScreen, account: Account
) -> None:
    account.watch("AAPL")
    screen = open_screen()
    # An answer that the test has touched counts as one from elsewhere, which may not ask here.
    screen.page.context.grant_permissions(["local-network-access"])

    def with_policy(route: Route) -> None:
        response = route.fetch()
        headers = {**response.headers, "content-security-policy": POLICY}
        route.fulfill(response=response, headers=headers)

    screen.page.route(screen.url + "/", with_policy)
    screen.page.add_init_script(
        """window.refused = []
        addEventListener('securitypolicyviolation', (event) =>
            window.refused.push(`${event.violatedDirective} ${event.blockedURI}`))"""
    )
    screen.page.reload()
    screen.is_live()
    expect(screen.page.locator("canvas").first).to_be_visible()
    screen.page.get_by_role("button", name="Remove AAPL").click()
    screen.shows()
    assert screen.page.evaluate("() => window.refused") == []
