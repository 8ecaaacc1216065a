"""The trace of a run in a browser: it opens where it went wrong, and everything works from the keyboard."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import barriers
from tests.e2e.conftest import PHONE, WIDE
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall


@pytest.fixture(scope="module")
def failed_run(world: World, provider: FakeOpenAI) -> str:
    """A run that was handed over, and whose second agent's model failed."""
    alice = world.person
    tutor = alice.create("/agents/", {"name": "History Tutor", "model": "fake/m", "instructions": "Teach history."})[
        "id"
    ]
    triage = alice.create("/agents/", {"name": "Triage", "model": "fake/m", "instructions": "Choose the tutor."})["id"]
    alice.create(f"/agents/{triage}/handoffs/", {"target_agent_id": tutor})
    provider.queue(
        Script(tool_calls=(ToolCall("transfer_to_history_tutor"),)),
        Script(status=400, message="The moon is in the way."),
    )
    answer = alice.request("POST", f"/agents/{triage}/run/", {"message": "When was the revolution?"}, expect=502)
    return str(answer.json()["run_id"])


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_trace_is_read_from_its_first_error(alices_page: Page, failed_run: str, viewport: object, theme: str) -> None:
    page = alices_page
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.set_viewport_size(viewport)  # type: ignore[arg-type]
    page.goto(f"/runs/{failed_run}/trace/")
    opened = page.locator("details.span-row[open]")
    expect(opened).to_have_count(1)
    expect(opened).to_contain_text("The moon is in the way.")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert barriers(page) == []


def test_the_trace_works_from_the_keyboard(alices_page: Page, failed_run: str) -> None:
    page = alices_page
    page.goto(f"/runs/{failed_run}/trace/")
    first = page.locator("details.span-row summary").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.span-row").first).to_have_attribute("open", "")
    page.get_by_role("link", name="Handoff 1").press("Enter")
    expect(page.locator("details.span-row")).to_have_count(1)
    expect(page).to_have_url(f"{page.url.split('/runs/')[0]}/runs/{failed_run}/trace/?show=handoff")
    page.get_by_role("link", name="Raw").press("Enter")
    page.locator("details.span-row summary").press("Enter")
    expect(page.locator(".span-text").last).to_contain_text('"to": "History Tutor"')
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    assert len(json.loads(download.value.path().read_text())["spans"]) == 5
