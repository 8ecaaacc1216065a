"""The proof of tools: somebody builds an agent with an account's API, a function and an approval, tries each, decides on a phone."""

import json
from collections.abc import Iterator

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import barriers
from tests.e2e.conftest import PHONE, window
from tests.e2e.test_journey import expect_complete, last_answer, say
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall
from tests.fakes.site import Site

TOKEN = "token-of-the-shop"
FUNCTION = "def gross(net: float, rate: float = 0.19) -> float:\n    return round(net * (1 + rate), 2)\n"


class Shop(Site):
    """An API behind OAuth, with its authorization server."""

    def __init__(self) -> None:
        super().__init__()
        self.on("/authorize", self._agree)
        self.answers("/token", {"access_token": TOKEN, "refresh_token": "again", "expires_in": 3600})
        self.on("/orders/HO-1", self._order)

    async def _agree(self, request: web.Request) -> web.Response:
        back = f"{request.query['redirect_uri']}?code=yes&state={request.query['state']}"
        raise web.HTTPFound(back)

    async def _order(self, request: web.Request) -> web.Response:
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return web.json_response({"order": "HO-1", "paid": 84.5} if known else {}, status=200 if known else 401)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as site:
        yield site


@pytest.fixture
def phone(browser: Browser, world: World, alices_cookies: object) -> Iterator[Page]:
    for page in window(browser, world.stack, storage_state=alices_cookies):
        page.set_viewport_size(PHONE)
        yield page


def add_tool(page: Page, kind: str) -> None:
    page.get_by_role("link", name="Add tool").click()
    page.get_by_role("dialog").get_by_role("link", name=kind).click()


def save(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def tried(page: Page, name: str, arguments: dict[str, object]) -> str:
    page.get_by_role("link", name=f"Test {name}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Arguments").fill(json.dumps(arguments))
    dialog.get_by_role("button", name="Call it").click()
    expect(dialog.get_by_role("status")).to_contain_text("Done")
    text = dialog.get_by_role("status").inner_text()
    dialog.get_by_role("button", name="Close").click()
    return text


def build(page: Page, world: World, shop: Shop) -> str:
    agent_id = str(
        world.person.create("/agents/", {"name": "Refunds", "description": "Refunds.", "model": "fake/m"})["id"]
    )
    page.goto(f"/agents/{agent_id}/")
    add_tool(page, "HTTP request")
    fields = page.get_by_role("dialog")
    for label, text in (("Name", "order_lookup"), ("Address", f"{shop.base_url}/orders/{{{{ order_id }}}}")):
        fields.get_by_label(label, exact=True).fill(text)
    expect(fields.get_by_label("Client id")).to_be_hidden()
    fields.get_by_label("How it signs in").select_option("oauth2")
    fields.get_by_label("Who agrees").select_option("authorization_code")
    for label, path in (("Address for tokens", "token"), ("Address where the person agrees", "authorize")):
        fields.get_by_label(label).fill(f"{shop.base_url}/{path}")
    fields.get_by_label("Client id").fill("troupe")
    fields.get_by_label("Client secret").fill("a-long-word-of-nobody-else")
    save(page)
    page.get_by_role("link", name="order_lookup").first.click()
    with page.expect_navigation(url=f"**/agents/{agent_id}/#tools"):  # to the shop and back
        page.get_by_role("dialog").get_by_role("link", name="Connect").click()
    add_tool(page, "Python of your own")
    fields.get_by_label("Name", exact=True).fill("gross")
    fields.get_by_label("Code").fill(FUNCTION)
    fields.get_by_label("Ask before a call").select_option("when")
    fields.get_by_label("Condition").press_sequentially("arguments.net > 50")
    expect(fields.get_by_text("It can be used.")).to_be_visible()
    save(page)
    return agent_id


def test_a_newcomer_builds_tries_and_decides(
    alices_page: Page, phone: Page, world: World, provider: FakeOpenAI, shop: Shop
) -> None:
    page = alices_page
    agent_id = build(page, world, shop)
    expect(page.get_by_text("Asks sometimes")).to_be_visible()
    assert '"paid": 84.5' in tried(page, "order_lookup", {"order_id": "HO-1"})
    assert "119.0" in tried(page, "gross", {"net": 100})

    provider.queue(
        Script(tool_calls=(ToolCall("order_lookup", '{"order_id": "HO-1"}'),)),
        Script(deltas=("Let me see. ",), tool_calls=(ToolCall("gross", '{"net": 84.5}'),)),
        Script(deltas=("It is 119.",)),
    )
    say(page, "What do I get back for HO-1?")
    card = page.get_by_role("region", name="Approval: gross")
    expect(card).to_contain_text("84.5")

    phone.goto("/inbox/")
    asked = phone.get_by_role("region", name="Approval: gross")
    expect(asked).to_contain_text("Refunds asks to call gross")
    assert barriers(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    height = asked.get_by_role("button", name="Approve").evaluate("e => e.getBoundingClientRect().height")
    assert height >= 44
    asked.get_by_text("Edit", exact=True).click()
    asked.get_by_label("net").fill("100")
    asked.get_by_role("button", name="Call it with these").click()
    expect(phone.get_by_role("region", name="Approval: gross")).to_have_count(0)

    expect(card).to_have_count(0)  # decided elsewhere: this window knows without being loaded again
    expect(last_answer(page).get_by_text("Approved with changes by").first).to_be_visible()
    expect_complete(page)
    expect(last_answer(page).locator('[data-part="body"]')).to_contain_text("It is 119.")
    assert barriers(page) == []

    phone.goto("/runs/")
    phone.get_by_role("link", name="Refunds").first.click()
    calls = phone.get_by_role("region", name="Tool calls")
    for number, parts in enumerate((("order_lookup", "HO-1", "84.5"), ("gross", "100", "119.0"))):
        call = calls.locator("[data-call-id]").nth(number)
        call.locator("summary").click()
        for part in (*parts, "cr", "Done"):
            expect(call).to_contain_text(part)
        assert call.locator('[data-part="step-time"]').inner_text().strip()
    assert barriers(phone) == []
    assert agent_id in phone.content()
