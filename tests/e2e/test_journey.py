"""The proof: somebody signs up, makes an agent, talks to it, goes away in the middle of the answer, and loses nothing."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.benchmarks.stack import PASSWORD
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

HELD = Script(tokens=60, hold_after=20)
BEGINNING = Script(tokens=20).text.strip()
# What a model writes is text, HTML as well; as a page it would breach the policy.
SECOND = '<b style="color: red">Second.</b>'
# Everything that the answer's text was while it was not complete yet, as the browser showed it.
SHOWN = """() => {
  window.shown = [];
  new MutationObserver(() => {
    const answer = document.querySelector('article[data-message="assistant"][aria-busy]');
    const text = answer?.querySelector('[data-part="body"]').textContent ?? "";
    if (text && text !== window.shown.at(-1)) window.shown.push(text);
  }).observe(document.querySelector('[role="log"]'), { childList: true, subtree: true, characterData: true });
}"""


def sign_up(page: Page, email: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Name").fill("Zoe Baker")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def make_agent(page: Page, name: str) -> None:
    page.goto("/agents/")
    page.get_by_role("link", name="New agent").first.click()
    page.get_by_role("button", name="New agent").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Longest answer").fill("32")  # the local model is slow where the machine is busy
    expect(page.locator("form[data-autosave-state=saved]")).to_be_visible()


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def last_answer(page: Page) -> Locator:
    return page.locator('article[data-message="assistant"]').last


def expect_complete(page: Page) -> None:
    expect(last_answer(page)).not_to_have_attribute("aria-busy", "true", timeout=120_000)


def test_somebody_new_talks_to_the_local_model(page: Page) -> None:
    sign_up(page, "zoe@example.com")
    make_agent(page, "Storyteller")
    page.get_by_role("link", name="Open chat").click()
    expect(page.get_by_role("heading", name="Storyteller")).to_be_visible()
    page.evaluate(SHOWN)
    say(page, "Write a long story about a lighthouse, a storm and a cat.")
    expect_complete(page)
    shown = page.evaluate("window.shown")
    assert len(shown) > 1, "tokens arrive before the answer is complete"
    answer = last_answer(page).locator('[data-part="body"]').inner_text()
    assert len(answer) > len(shown[0])
    expect(page).to_have_url(re.compile(r"/agents/[0-9a-f-]{36}/chat/[0-9a-f-]{36}/$"))
    page.reload()
    expect(last_answer(page).locator('[data-part="body"]')).to_have_text(answer, use_inner_text=True)
    conversations = page.get_by_role("complementary", name="Conversations")
    expect(conversations.get_by_role("link", name="Write a long story")).to_have_attribute("aria-current", "page")


def test_a_reload_in_the_middle_loses_nothing(alices_page: Page, world: World, provider: FakeOpenAI) -> None:
    page, number = alices_page, len(provider.exchanges) + 1
    provider.queue(HELD)
    page.goto(f"/agents/{world.places['agent_id']}/chat/")
    say(page, "Tell me about the quick brown fox")
    body = last_answer(page).locator('[data-part="body"]')
    expect(body).to_have_text(BEGINNING)
    expect(last_answer(page)).to_have_attribute("aria-busy", "true")
    page.reload()
    expect(body).to_have_text(BEGINNING)
    expect(last_answer(page)).to_have_attribute("aria-busy", "true")
    exchange = provider.wait_request(number, deltas=20)
    exchange.release()
    expect(body).to_have_text(HELD.text.strip())
    expect_complete(page)
    assert provider.wait_end(exchange) == "complete"
    page.goto("/agents/")
    page.goto(f"/agents/{world.places['agent_id']}/chat/")
    page.get_by_role("link", name="Tell me about the quick brown fox").click()
    expect(body).to_have_text(HELD.text.strip())


def test_two_windows_show_the_same_and_stop_stops_both(alices_page: Page, world: World, provider: FakeOpenAI) -> None:
    page, number = alices_page, len(provider.exchanges) + 1
    provider.queue(HELD)
    page.goto(f"/agents/{world.places['agent_id']}/chat/")
    say(page, "Tell me everything")
    expect(last_answer(page).locator('[data-part="body"]')).to_have_text(BEGINNING)
    second = page.context.new_page()
    second.goto(page.url)
    expect(last_answer(second).locator('[data-part="body"]')).to_have_text(BEGINNING)
    second.get_by_role("button", name="Stop").click()
    for window in (page, second):
        expect_complete(window)
        expect(last_answer(window).locator('[data-part="note"]')).to_be_visible()
        expect(last_answer(window).locator('[data-part="body"]')).to_have_text(BEGINNING)
    assert provider.wait_end(provider.wait_request(number)) == "client_closed"


def test_an_answer_is_made_again_and_a_question_changed(alices_page: Page, world: World, provider: FakeOpenAI) -> None:
    page = alices_page
    provider.queue(Script(deltas=("First.",)), Script(deltas=(SECOND,)), Script(deltas=("Third.",)))
    page.goto(f"/agents/{world.places['agent_id']}/chat/")
    say(page, "Who are you?")
    expect(last_answer(page).locator('[data-part="body"]')).to_have_text("First.")
    expect_complete(page)
    page.get_by_role("button", name="Regenerate").click()
    expect(last_answer(page).locator('[data-part="body"]')).to_have_text(SECOND)
    expect_complete(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    say(page, "Who am I?")
    expect(last_answer(page).locator('[data-part="body"]')).to_have_text("Third.")
    expect_complete(page)
    page.reload()
    expect(page.locator("article[data-message]")).to_have_count(2)
    expect(page.locator('article[data-message="user"] [data-part="text"]')).to_have_text("Who am I?")


def test_trouble_is_told_where_the_answer_would_be(alices_page: Page, world: World, provider: FakeOpenAI) -> None:
    page = alices_page
    provider.queue(Script(status=401, message="Your key is no good."))
    page.goto(f"/agents/{world.places['agent_id']}/chat/")
    say(page, "Hello?")
    expect(last_answer(page).get_by_role("alert")).to_contain_text("Your key is no good.")
    expect_complete(page)
