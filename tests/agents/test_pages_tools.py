"""Tools as pages: the library with its forms and test panel, the builder's section, the cards in the chat, the figures."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agent_app.models import Agent, AgentTool, Tool, ToolCall
from agent_app.tool_forms import ToolForm
from tests.agents.page_world import HTMX, make_world
from tests.agents.probe_world import ECHO, Probe, agent_with, probing
from tests.agents.world import make_agent
from tests.cast import Cast

SECRET = "swordfish-swordfish-1234"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.bob.browser()


def text(browser: Client, path: str, **options: object) -> str:
    answer = browser.get(path, **options)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_tool_is_made_by_choosing_a_type_and_filling_in_its_form(cast: Cast, browser: Client) -> None:
    assert "The library is empty" in text(browser, "/tools/")
    chooser = text(browser, "/tools/new/")
    assert "/tools/new/?type=llm" in chooser
    form = text(browser, "/tools/new/?type=llm")
    for name in (
        "name",
        "description",
        "params.prompt",
        "params.model",
        "params.temperature",
        "max_calls",
        "timeout_s",
    ):
        assert f'name="{name}"' in form
    refused = browser.post("/tools/new/?type=llm", {"name": "two words", "params.prompt": "{{ nobody }}"})
    assert refused.status_code == 422
    assert "letters, digits" in refused.content.decode()
    sent = {"name": "think", "params.prompt": "Think.", "params.temperature": "0.5", "enabled": "on"}
    saved = browser.post("/tools/new/?type=llm", sent)
    tool = Tool.objects.get()
    assert (saved.status_code, saved["Location"]) == (302, f"/tools/{tool.id}/")
    assert (tool.name, tool.params, tool.enabled) == ("think", {"prompt": "Think.", "temperature": 0.5}, True)
    assert "think" in text(browser, "/tools/?q=thi", headers=HTMX)
    assert "No tool like that" in text(browser, "/tools/?q=nothing")


def test_a_secret_is_kept_where_its_field_stays_empty_and_never_shown(cast: Cast, browser: Client) -> None:
    browser.post(
        "/tools/new/?type=probe", {"name": "echo", "params.auth": json.dumps({"token": SECRET}), "enabled": "on"}
    )
    tool = Tool.objects.get()
    page = text(browser, f"/tools/{tool.id}/")
    assert SECRET not in page
    again = browser.post(
        f"/tools/{tool.id}/", {"name": "echo", "description": "Says it.", "enabled": "on", "revision": "1"}
    )
    assert again.status_code == 302
    kept = Tool.objects.get()
    assert (kept.description, kept.credential_id) == ("Says it.", tool.credential_id)
    stale = browser.post(f"/tools/{tool.id}/", {"name": "other", "revision": "1"})
    assert (stale.status_code, "Somebody else" in stale.content.decode()) == (422, True)


def test_the_test_panel_calls_the_tool_and_shows_what_came_back(cast: Cast, browser: Client, probe: Probe) -> None:
    tool_id = cast.bob.api.post("tools/", ECHO).json()["id"]
    path = f"/tools/{tool_id}/test/"
    panel = browser.post(path, {"function": "echo", "arguments": '{"text": "hello"}'}, headers=HTMX).content.decode()
    assert "&quot;said&quot;: &quot;hello&quot;" in panel
    assert "<html" not in panel
    assert "no_luck" in browser.post(path, {"function": "echo", "arguments": '{"text": "fail"}'}).content.decode()
    wrong = browser.post(path, {"function": "echo", "arguments": "{}"}, headers=HTMX).content.decode()
    assert "required property" in wrong
    assert [each["text"] for each in probe.calls] == ["hello", "fail"]


def test_the_builder_adds_changes_and_removes_tools(cast: Cast, browser: Client) -> None:
    agent = make_agent(cast.alice)
    shared = cast.bob.api.post("tools/", {**ECHO, "name": "shared"}).json()["id"]
    new = f"/agents/{agent.id}/parts/tools/new/"
    assert "shared" in text(browser, new, headers=HTMX)
    assert browser.post(new, {"tool_id": shared})["Location"].endswith("#tools")
    assert "shared" not in text(browser, new, headers=HTMX)
    browser.post(f"{new}?type=probe", {"name": "own", "params.idempotent": "on", "enabled": "on"})
    attached, own = AgentTool.objects.order_by("position")
    assert (attached.tool_id is not None, own.name, own.params["idempotent"]) == (True, "own", True)
    page = text(browser, f"/agents/{agent.id}/")
    assert "Reads untrusted data" in page
    part = f"/agents/{agent.id}/parts/tools/{attached.id}/"
    assert "Open it there" in text(browser, part, headers=HTMX)
    browser.post(part, {"max_calls": "2"})
    attached.refresh_from_db()
    assert (attached.max_calls, attached.enabled, attached.name) == (2, False, "")
    collides = browser.post(f"{new}?type=probe", {"name": "own", "enabled": "on"})
    assert (collides.status_code, "are called" in collides.content.decode()) == (422, True)
    browser.post(f"{part}remove/")
    assert [row.name for row in AgentTool.objects.all()] == ["own"]


def test_calls_are_cards_in_the_chat_and_figures_of_the_agent(cast: Cast) -> None:
    world = make_world(cast.alice)
    begun = timezone.now()
    about = {"workspace_id": world.run.workspace_id, "run": world.run, "agent_id": world.agent.id, "tool_type": "probe"}
    for number, status in enumerate(("succeeded", "failed")):
        ToolCall.objects.create(
            **about, call_id=f"c{number}", tool_name="order_lookup", status=status, arguments={"order": f"HO-{number}"},
            result="<b>on its way</b>", started_at=begun, ended_at=begun + timedelta(seconds=1.5), credits=2,
        )  # fmt: skip
    browser = cast.alice.browser()
    chat = text(browser, f"/agents/{world.agent.id}/chat/{world.conversation.id}/")
    assert 'data-call-id="c0"' in chat
    assert "HO-1" in chat
    assert ">Done<" in chat
    assert "&lt;b&gt;on its way&lt;/b&gt;" in chat
    page = text(browser, f"/runs/{world.run.id}/")
    assert page.count('data-call-id="c') == 2
    stats = cast.alice.api.get(f"agents/{world.agent.id}/stats/").json()["tools"]
    assert stats == [
        {
            "tool": "order_lookup", "type": "probe", "calls": 2, "errors": 1, "error_rate": 0.5, "p50_ms": 1500, "p95_ms": 1500,
            "cost": "4.0000",
        }
    ]  # fmt: skip
    assert "order_lookup" in text(browser, f"/agents/{world.agent.id}/activity/")


def test_a_form_says_what_the_params_are_and_gives_them_back(probe: Probe) -> None:
    form = ToolForm({"name": "x", "params.auth": "{"}, kind=probe)
    assert not form.is_valid()
    assert list(form.errors) == ["params.auth"]


def test_viewers_see_and_do_not_change(cast: Cast) -> None:
    tool_id = cast.bob.api.post("tools/", ECHO).json()["id"]
    page = text(cast.carol.browser(), f"/tools/{tool_id}/")
    assert "Call it" not in page
    agent: Agent = agent_with(cast.alice, {"tool_id": tool_id})
    assert "Add tool" not in text(cast.carol.browser(), f"/agents/{agent.id}/")
