"""German in a real browser: the switch, and that its longer words still fit on a phone."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.world import World

PAGES = ("/", "/agents/", "/agents/{agent_id}/chat/", "/runs/", "/settings/security/", "/billing/")


def test_a_visitor_switches_and_stays_on_the_page(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    expect(page).to_have_url("/accounts/login/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Deutsch")).to_have_attribute("aria-current", "true")


def test_german_pages_fit_on_a_phone(alices_page: Page, world: World) -> None:
    cookie = {"name": "django_language", "value": "de", "url": world.stack.base_url}
    alices_page.context.add_cookies([cookie])  # type: ignore[list-item]  # a typed dictionary
    alices_page.set_viewport_size(PHONE)
    wide = {}
    for path in PAGES:
        alices_page.goto(path.format(**world.places))
        expect(alices_page.locator("html")).to_have_attribute("lang", "de")
        width = alices_page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
    assert wide == {}
