"""The proof for newcomers: an agent is broken on purpose, and each message says what happened, why, and where to go."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.benchmarks.stack import Stack
from tests.e2e.conftest import PHONE
from tests.e2e.test_builder import make_agent
from tests.e2e.test_journey import last_answer, say
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

LOCAL = "local/smollm2-135m-instruct"
LONG = "This model's maximum context length is 8192 tokens, and your messages have 20391."


@pytest.fixture
def newcomers_page(browser: Browser, stack: Stack, alices_cookies: Any) -> Iterator[Page]:
    """A window on a phone. What is refused is no fault of the page, though the console tells it as one."""
    context = browser.new_context(
        base_url=stack.base_url, viewport=PHONE, locale="en-GB", reduced_motion="reduce", storage_state=alices_cookies
    )
    context.set_default_timeout(20_000)
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert not faults


def ask(page: Page, agent_id: str) -> Locator:
    """The trouble that the chat tells instead of an answer."""
    page.goto(f"/agents/{agent_id}/chat/")
    say(page, "Hello?")
    return last_answer(page).get_by_role("alert")


def leads_to(page: Page, said: Locator, label: str, address: str) -> None:
    """The message has a link, on the page as it is now and after a reload; it leads there."""
    link = said.get_by_role("link", name=label)
    expect(link).to_have_attribute("href", address)
    box = link.bounding_box()
    assert box is not None and box["x"] + box["width"] <= PHONE["width"]
    page.reload()
    expect(page.get_by_role("alert").get_by_role("link", name=label)).to_have_attribute("href", address)


def test_a_newcomer_breaks_an_agent_and_understands_each_message(
    newcomers_page: Page, world: World, provider: FakeOpenAI
) -> None:
    page, api = newcomers_page, world.person
    agent_id = make_agent(world, name="Broken", instructions="Be kind.")
    builder, place = f"/agents/{agent_id}/", f"/models/providers/{world.places['provider_id']}/"

    def change(**fields: Any) -> None:
        api.request("PATCH", f"/agents/{agent_id}/", fields, expect=200)

    troubles = (
        (Script(status=401), "The key was not accepted.", "Open the provider", place),
        (Script(status=400, message=LONG), "longer than this model can read", "Change the instructions", f"{builder}#instructions"),
        (Script(status=400, message="m does not support tools"), "cannot call tools", "Choose another model", f"{builder}#model"),
        (Script(status=404), "It does not know the model", "Choose another model", f"{builder}#model"),
        (Script(status=402, message="Insufficient balance"), "has no credit left", "Open the provider", place),
    )  # fmt: skip
    for script, words, label, address in troubles:
        provider.queue(script)
        said = ask(page, agent_id)
        expect(said).to_contain_text(words)
        leads_to(page, said, label, address)
    down = api.create(
        "/providers/", {"type": "custom", "name": "down", "base_url": "http://127.0.0.1:9/v1", "models": ["m"]}
    )
    change(model="down/m")
    said = ask(page, agent_id)
    expect(said).to_contain_text("nothing answers at 127.0.0.1:9")
    leads_to(page, said, "Open the provider", f"/models/providers/{down['id']}/")
    change(model=LOCAL, tools=[{"tool_id": world.places["tool_id"]}])
    page.goto(f"/agents/{agent_id}/chat/")
    say(page, "Hello?")
    refused = page.locator(".chat-alert")
    expect(refused).to_contain_text(f"{LOCAL} cannot call tools.")
    refused.get_by_role("link", name="Choose another model").click()
    expect(page.get_by_role("region", name="Model")).to_contain_text(f"{LOCAL} cannot call tools.")
    page.locator("#id_instructions").fill("Greet {{ user.nme }}.")
    status = page.locator("[data-autosave-target=status]")
    expect(status).to_have_text("Not saved: There is no “user.nme”. Of the user there is: user.name.")
    page.locator("#id_instructions").fill("Greet {{ user.name }}.")
    expect(status).to_contain_text("Saved")
