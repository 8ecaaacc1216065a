"""The builder's parts, publishing and versions, copies and imports, as pages."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agent_app.models import Agent, AgentVersion
from tests.agents.page_world import HTMX, SCRIPT
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast

SCHEMA = '{"type": "object", "properties": {"city": {"type": "string"}}}'


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice)
    return make_agent(cast.alice, name="Triage", model="fake/m", instructions="Find out what it is about, then help.")


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.bob.browser()


def text(browser: Client, path: str, **options: Any) -> str:
    answer = browser.get(path, **options)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_builder_saves_what_is_more_than_text(agent: Agent, browser: Client) -> None:
    path = f"/agents/{agent.id}/save/"
    sent = {
        "history_policy": "last_n",
        "history_number": "6",
        "fallback_models": "fake/m\n",
        "output_type": SCHEMA,
        "reasoning_effort": "low",
    }
    assert browser.post(path, sent, headers=SCRIPT).status_code == 200
    agent.refresh_from_db()
    assert (agent.history, agent.fallback_models) == ({"policy": "last_n", "n": 6}, ["fake/m"])
    assert (agent.output_type, agent.model_settings) == (json.loads(SCHEMA), {"reasoning_effort": "low"})
    assert browser.post(path, {"reasoning_effort": ""}, headers=SCRIPT).status_code == 200
    wrong = {
        "history_policy": "token_budget",
        "history_number": "1",
        "output_type": "{",
        "instructions": "{{ nobody }}",
    }
    refused = browser.post(path, wrong, headers=SCRIPT)
    assert (refused.status_code, set(refused.json()["errors"])) == (422, {"history_number", "output_type"})
    refused = browser.post(path, {"instructions": "{{ nobody }}"}, headers=SCRIPT)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["instructions"])
    page = browser.post(path, {"name": "Triage", "instructions": "{{ nobody }}"})
    assert (page.status_code, "{{ nobody }}" in page.content.decode()) == (422, True)
    agent.refresh_from_db()
    assert (agent.revision, agent.model_settings, agent.instructions) == (
        3,
        {},
        "Find out what it is about, then help.",
    )


def test_after_a_save_the_builder_gets_marks_hints_and_the_number_of_changes(
    cast: Cast, agent: Agent, browser: Client
) -> None:
    cast.bob.api.post(f"agents/{agent.id}/publish/")
    cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": "Be kind to TODO.", "name": "Sorter"})
    marks = text(browser, f"/agents/{agent.id}/", headers=HTMX)
    assert "is still to be filled in" in marks
    assert "2 changes since version 1" in marks
    assert "Publish v2" in marks
    assert marks.count("hx-swap-oob") == 5


def test_handoffs_and_contexts_are_edited_in_sheets(cast: Cast, agent: Agent, browser: Client) -> None:
    desk = make_agent(cast.alice, name="Refund desk")
    parts = f"/agents/{agent.id}/parts/"
    dialog = text(browser, f"{parts}handoffs/new/", headers=HTMX)
    assert "<dialog" in dialog
    assert "Refund desk" in dialog
    assert "<html" in text(browser, f"{parts}handoffs/new/")
    values = {"target_agent_id": str(desk.id), "filter": "last_n", "last_n": "3", "tool_description": "For money"}
    assert browser.post(f"{parts}handoffs/new/", values).headers["Location"] == f"/agents/{agent.id}/#handoffs"
    [handoff] = cast.bob.api.get(f"agents/{agent.id}/handoffs/").json()["results"]
    assert (handoff["input_filter"], handoff["tool_description"]) == ({"type": "last_n", "n": 3}, "For money")
    wrong = browser.post(f"{parts}handoffs/{handoff['id']}/", values | {"enabled_when": "1 +", "payload_schema": ""})
    assert (wrong.status_code, "For money" in wrong.content.decode()) == (422, True)
    assert browser.post(f"{parts}contexts/new/", {"name": "EU", "content": "[1]"}).status_code == 422
    assert browser.post(f"{parts}contexts/new/", {"name": "EU", "content": '{"shop": "Halden"}'}).status_code == 302
    page = text(browser, f"/agents/{agent.id}/")
    assert "{{ context.shop }}" in page
    assert "For money" in page
    drawn = text(browser, f"/agents/{agent.id}/map/", headers=HTMX)
    assert drawn.count("<rect") == 2
    assert drawn.count('class="arrow"') == 1
    assert browser.post(f"{parts}handoffs/{handoff['id']}/remove/").status_code == 302
    assert cast.bob.api.get(f"agents/{agent.id}/handoffs/").json()["count"] == 0
    assert browser.get(f"{parts}starters/new/").status_code == 404
    assert browser.get(f"{parts}contexts/{agent.id}/").status_code == 404


def test_publishing_shows_the_changes_first(cast: Cast, agent: Agent, browser: Client) -> None:
    path = f"/agents/{agent.id}/publish/"
    assert "first version" in text(browser, path, headers=HTMX)
    assert browser.post(path, {"notes": "For the shop"}).headers["Location"] == f"/agents/{agent.id}/"
    cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": "Be short."})
    asked = text(browser, path)
    assert "Changes since version 1" in asked
    assert "Be short." in asked
    assert browser.post(path).status_code == 302
    assert AgentVersion.objects.filter(agent=agent).count() == 2
    assert "For the shop" in text(browser, f"/agents/{agent.id}/versions/")
    assert "What it changed" in text(browser, f"/agents/{agent.id}/versions/2/?of=before", headers=HTMX)
    assert "Be short." in text(browser, f"/agents/{agent.id}/versions/1/")
    assert browser.post(f"/agents/{agent.id}/versions/1/restore/").status_code == 302
    agent.refresh_from_db()
    assert agent.instructions.startswith("Find out")


def test_a_refused_publication_says_why_and_publishes_nothing(cast: Cast, agent: Agent, browser: Client) -> None:
    desk = make_agent(cast.alice, name="Refund desk", model="fake/m")
    cast.bob.api.post(f"agents/{agent.id}/handoffs/", {"target_agent_id": str(desk.id)})
    refused = browser.post(f"/agents/{agent.id}/publish/")
    assert refused.status_code == 422
    assert "Refund desk" in refused.content.decode()
    assert not AgentVersion.objects.exists()
    together = browser.post(f"/agents/{agent.id}/publish/", {"with_targets": "on"}, follow=True)
    assert "with one agent that it hands over to" in together.content.decode()


def test_what_is_sent_and_templates(cast: Cast, agent: Agent, browser: Client) -> None:
    cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": "Greet {{ user.name }} <b>."})
    sent = text(browser, f"/agents/{agent.id}/sent/", headers=HTMX)
    assert f"Greet {cast.bob.user.display_name} &lt;b&gt;." in sent
    assert "Triage" in text(browser, f"/agents/{agent.id}/templates/")
    assert browser.post(f"/agents/{agent.id}/templates/", {"template": "triage"}).status_code == 302
    agent.refresh_from_db()
    assert agent.instructions.startswith("Greet {{ user.name }} <b>.\n\nYou find out")
    assert browser.post(f"/agents/{agent.id}/templates/", {"template": "none"}).status_code == 404
    shop = browser.post(f"/agents/{agent.id}/templates/", {"template": "shop"}, follow=True)
    assert "context.shop_name" in shop.content.decode()


def test_an_agent_is_copied_and_an_export_is_imported_after_a_look(cast: Cast, agent: Agent, browser: Client) -> None:
    copied = browser.post(f"/agents/{agent.id}/clone/")
    copy = Agent.objects.get(cloned_from=agent)
    assert copied.headers["Location"] == f"/agents/{copy.id}/"
    exported = browser.get(f"/api/v1/agents/{agent.id}/export/").content
    dave = cast.dave.browser()
    looked = dave.post("/agents/import/", {"file": SimpleUploadedFile("triage.json", exported)})
    page = looked.content.decode()
    assert (looked.status_code, "fake/m" in page) == (200, True)
    assert not Agent.objects.filter(workspace_id=cast.dave.workspace_id).exists()
    assert dave.post("/agents/import/", {"document": exported.decode(), "confirmed": "1"}).status_code == 302
    assert Agent.objects.get(workspace_id=cast.dave.workspace_id).name == "Triage"
    assert dave.post("/agents/import/", {"document": "not json"}).status_code == 422
    assert dave.post("/agents/import/", {"file": SimpleUploadedFile("x", b"\xff")}).status_code == 422
    assert dave.post("/agents/import/").status_code == 422


@pytest.mark.parametrize("written", ['{"a": NaN}', '{"a": 1e308}', '{"a": "\\u0000"}', "{"])
def test_json_that_cannot_be_kept_is_told_at_its_field(agent: Agent, browser: Client, written: str) -> None:
    refused = browser.post(f"/agents/{agent.id}/save/", {"name": "Triage", "output_type": written}, headers=SCRIPT)
    assert refused.status_code == 422
    assert "output_type" in refused.json()["errors"]
