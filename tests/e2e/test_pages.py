"""Every page there is, as a browser sees it: no complaint in the console, no breach of its policy, no barrier for anybody.

Pages are found in the URLconf, so that a new one cannot be forgotten; ``World.places`` has the values of their parameters.
"""

import re
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.axe import barriers
from tests.e2e.conftest import PHONE, WIDE
from tests.e2e.cut import cut_off
from tests.e2e.world import World
from tests.walk import Address, addresses

NOT_OURS = ("api/", "admin/", "health/", "static/")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Pages whose address has a parameter that nothing in the world stands for, with the reason.
NOWHERE = {
    "accounts/confirm-email/": "the key is in an e-mail",
    "accounts/password/reset/key/": "the key is in an e-mail",
    "invitations/<str:link>/": "the link is in an e-mail",
    "credentials/<uuid:credential_id>/connect/": "leads to another site",
    "files/<uuid:file_id>/": "leads to what is downloaded",
    "inbox/invitations/": "answers buttons only",
    "models/keys/<uuid:key_id>/delete/": "answers a button only",
    "notifications/<uuid:notification_id>/": "answers buttons, and leads to other pages",
    "runs/<uuid:run_id>/decisions/": "answers buttons only",
    "settings/security/end/<uuid:sign_in_id>/": "answers a button only",
    "workspace/invitations/<uuid:invitation_id>/": "answers buttons only",
    "workspace/members/<uuid:user_id>/": "answers buttons only",
    "workspace/tokens/<uuid:token_id>/revoke/": "answers a button only",
}


def ours() -> list[Address]:
    return [
        address
        for address in addresses()
        if not address.route.startswith(NOT_OURS) and not address.route.startswith("^")
    ]


def paths(world: World) -> list[str]:
    """The paths of all addresses, filled in. An address that cannot be filled in must be in ``NOWHERE``."""
    found, unknown = [], []
    for address in ours():
        missing = [name for name in _PARAMETER.findall(address.route) if name not in world.places]
        if not missing:
            found.append("/" + _PARAMETER.sub(lambda match: world.places[match[1]], address.route))
        elif not address.route.startswith(tuple(NOWHERE)):
            unknown.append(f"{address.route}: {', '.join(missing)}")
    assert unknown == [], "say in World.furnish what these stand for, or in NOWHERE why they cannot"
    return found


def pages(world: World, cookies: dict[str, str]) -> list[str]:
    """Those paths that answer a whole page to whoever has these cookies, each place once."""
    shown: dict[str, None] = {}
    for path in paths(world):
        answer = requests.get(world.stack.base_url + path, cookies=cookies, timeout=60)
        if answer.headers.get("Content-Type", "").startswith("text/html") and "<html" in answer.text:
            assert answer.status_code < 500, f"{path} answered {answer.status_code}"
            if answer.status_code == 200:
                shown[urlsplit(answer.url).path] = None
    return list(shown)


def told(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)


def visit(page: Page, found: list[str]) -> list[str]:
    """Look at each page, on a desk and on a phone. What is wrong with them; the console is the window's affair."""
    wrong = []
    for path in found:
        page.set_viewport_size(WIDE)
        page.goto(path, wait_until="load")
        wrong += [f"{path} {barrier}" for barrier in barriers(page)]
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wrong.append(f"{path} is {width} pixels wide on a phone of {PHONE['width']}")
        wrong += [f"{path} cuts off {each} on a phone" for each in cut_off(page)]
    return wrong


def test_the_check_itself_sees_barriers_and_colours(page: Page) -> None:
    page.goto("/accounts/login/")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [each.split(":")[0] for each in barriers(page)] == ["light button-name"]
    page.evaluate("document.querySelector('h1').style.color = 'rgb(127 127 127 / 0.2)'")
    assert {each.split(":")[0] for each in barriers(page)} == {
        "light button-name", "light color-contrast", "dark color-contrast",
    }  # fmt: skip


def test_pages_of_somebody_signed_in(alices_page: Page, world: World) -> None:
    cookies = {each["name"]: each["value"] for each in alices_page.context.cookies()}
    found = pages(world, cookies)
    assert f"/agents/{world.places['agent_id']}/chat/{world.places['conversation_id']}/" in found
    told(visit(alices_page, found))


def test_pages_of_a_visitor(page: Page, world: World) -> None:
    found = pages(world, {})
    assert "/accounts/login/" in found
    told(visit(page, found))


def test_going_back_asks_the_server_for_what_was_there(alices_page: Page, world: World) -> None:
    """A copy kept by the browser would be old, and would breach the policy with what was styled in it."""
    page = alices_page
    page.goto("/runs/")
    page.get_by_label("Search runs").evaluate("field => { field.style.height = '40px'; }")
    page.get_by_label("Status").select_option("failed")
    expect(page).to_have_url(re.compile(r"\?.*status=failed"))
    expect(page.locator("#runs").get_by_role("link", name="Where is my parcel?")).to_have_count(0)
    page.go_back()
    expect(page.get_by_label("Status")).to_have_value("")
    expect(page.locator("#runs").get_by_role("link", name="Where is my parcel?").first).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('htmx-history-cache')") is None


@pytest.mark.parametrize("path", ["/agents/01900000-0000-7000-8000-00000000dead/", "/nothing/"])
def test_pages_that_are_not_there(alices_page: Page, path: str) -> None:
    alices_page.goto("/")
    answer = alices_page.request.get(path)
    assert answer.status == 404
    alices_page.set_content(answer.text())
    told(barriers(alices_page))
