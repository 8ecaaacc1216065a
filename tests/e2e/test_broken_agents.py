"""The proof for newcomers: an agent is broken on purpose, and each message says what happened, why, and where to go."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.benchmarks.stack import PROVIDER_KEY, Person, Stack, closed_port
from tests.e2e.conftest import PATIENCE, PHONE, sign_in
from tests.e2e.test_builder import make_agent
from tests.e2e.test_journey import expect_complete, last_answer, say
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

LOCAL = "local/smollm2-135m-instruct"
# An agent's model is one that its provider has ended since, and the workspace has spent what it had.
TIME_PASSES = """
from agent_app.models import Agent
from billing.models import CreditAccount
from billing.services.grants import credits_adjust
from community.models import User
Agent.objects.filter(id="{agent_id}").update(model="anthropic/claude-2.1")
account = CreditAccount.objects.get(workspace_id="{workspace_id}")
credits_adjust(
    workspace_id=account.workspace_id, amount=-(account.balance - account.held), reason="Spent", key="{workspace_id}",
    actor_id=User.objects.get(email="{email}").id,
)
"""
LONG = "This model's maximum context length is 8192 tokens, and your messages have 20391."


def on_a_phone(browser: Browser, stack: Stack, cookies: Any) -> Iterator[Page]:
    """A window on a phone. What is refused is no fault of the page, though the console tells it as one."""
    context = browser.new_context(
        base_url=stack.base_url, viewport=PHONE, locale="en-GB", reduced_motion="reduce", storage_state=cookies
    )
    context.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert not faults


@pytest.fixture
def newcomers_page(browser: Browser, stack: Stack, alices_cookies: Any) -> Iterator[Page]:
    yield from on_a_phone(browser, stack, alices_cookies)


@pytest.fixture(scope="module")
def nina(stack: Stack) -> Person:
    """Somebody new, with nothing yet but the credits of everybody who signs up."""
    return stack.register("Nina")


@pytest.fixture
def ninas_page(browser: Browser, stack: Stack, nina: Person) -> Iterator[Page]:
    yield from on_a_phone(browser, stack, sign_in(browser, stack, nina.email))


def agent_of(person: Person, **fields: Any) -> str:
    return str(person.create("/agents/", {"name": "Helper", "instructions": "Be kind.", **fields})["id"])


def answered(page: Page, text: str) -> None:
    say(page, text)
    expect_complete(page)
    expect(last_answer(page).get_by_role("alert")).to_be_hidden()
    expect(last_answer(page).locator('[data-part="body"]')).not_to_be_empty()


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
        (Script(status=401), "The key was not accepted.", "Open the provider", f"{place}#settings"),
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
    leads_to(page, said, "Open the provider", f"/models/providers/{down['id']}/#settings")
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


def test_a_wrong_key_is_put_right_where_the_message_leads(ninas_page: Page, nina: Person) -> None:
    page = ninas_page
    with FakeOpenAI() as server:
        server.right_key = PROVIDER_KEY
        body = {"type": "custom", "name": "shop", "base_url": server.base_url, "api_key": PROVIDER_KEY[:-1] + "x"}
        nina.create("/providers/", {**body, "models": ["m"], "default_model": "m"})
        agent_id = agent_of(nina, model="shop/m")
        said = ask(page, agent_id)
        expect(said).to_contain_text("The key was not accepted.")
        said.get_by_role("link", name="Open the provider").click()
        expect(page.get_by_role("heading", name="shop")).to_be_visible()
        page.locator("#id_api_key").fill(PROVIDER_KEY)
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        page.goto(f"/agents/{agent_id}/chat/")
        answered(page, "Hello again?")


def test_a_prompt_is_too_long_for_the_local_model(ninas_page: Page, nina: Person) -> None:
    page, agent_id = ninas_page, agent_of(nina, model=LOCAL, instructions="Remember this. " * 2_500)
    said = ask(page, agent_id)
    expect(said).to_contain_text(
        "The prompt is longer than this model can read. Shorten the instructions", timeout=60_000
    )
    said.get_by_role("link", name="Change the instructions").click()
    expect(page.locator("#id_instructions")).to_be_in_viewport()


def test_a_provider_that_is_down_and_comes_back(ninas_page: Page, nina: Person) -> None:
    page = ninas_page
    with closed_port() as port:
        address = f"http://127.0.0.1:{port}/v1"
        nina.create("/providers/", {"type": "custom", "name": "cellar", "base_url": address, "models": ["m"]})
        agent_id = agent_of(nina, model="cellar/m")
        said = ask(page, agent_id)
        expect(said).to_contain_text(f"nothing answers at 127.0.0.1:{port}")
        said.get_by_role("link", name="Open the provider").click()
        expect(page.locator("#id_base_url")).to_have_value(address)


def test_no_credits_are_left_and_a_model_has_been_retired(ninas_page: Page, nina: Person, stack: Stack) -> None:
    """Both happen without the person: the credits go to what is run, and a provider ends a model that a draft has."""
    page = ninas_page
    poor, old = agent_of(nina, name="Poor", model=LOCAL), agent_of(nina, name="Old")
    workspace_id = nina.request("GET", "/workspaces/", expect=200).json()["results"][0]["id"]
    stack.manage("shell", "-c", TIME_PASSES.format(agent_id=old, workspace_id=workspace_id, email=nina.email))
    page.goto(f"/agents/{poor}/chat/")
    say(page, "Hello?")
    refused = page.locator(".chat-alert")
    expect(refused).to_contain_text("credits")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hello?")
    refused.get_by_role("link", name="See the credits").click()
    expect(page.get_by_role("region", name="Ledger").first).to_contain_text("Adjustment · Spent")
    page.goto(f"/agents/{old}/chat/")
    say(page, "Hello?")
    expect(refused).to_contain_text("anthropic/claude-2.1 was retired by its provider. Use anthropic/")
    refused.get_by_role("link", name="Choose another model").click()
    expect(page.get_by_role("region", name="Model")).to_contain_text(
        "anthropic/claude-2.1 was retired by its provider."
    )
