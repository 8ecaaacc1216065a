"""Guardrails in the builder."""

from typing import Any

import pytest
from django.test import Client

from agent_app.models import Agent, Guardrail
from tests.agents.page_world import HTMX
from tests.agents.world import make_agent, make_provider, make_run
from tests.cast import Cast


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice)
    return make_agent(cast.alice, name="Triage", model="fake/m")


@pytest.fixture
def browser(cast: Cast) -> Client:
    return cast.bob.browser()


def post(browser: Client, path: str, data: dict[str, Any], status: int = 302) -> str:
    answer = browser.post(path, data)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


ALL = {"name": "One", "type": "input", "action": "block", "mode": "blocking", "enabled": "on"}


@pytest.mark.parametrize(
    ("kind", "sent", "config"),
    [
        ("keywords", {"config_keywords": "darn\r\n heck \r\n"}, {"keywords": ["darn", "heck"], "whole_words": False}),
        ("pii", {"config_kinds": ["email", "card"]}, {"kinds": ["email", "card"]}),
        ("pii", {}, {}),
        ("secrets", {"config_message": "No keys here."}, {"message": "No keys here."}),
        ("length", {"config_max_words": "12"}, {"max_words": 12}),
        ("schema", {"config_schema": '{"type": "object"}'}, {"schema": {"type": "object"}}),
        ("regex", {"config_pattern": " a ", "config_ignore_case": "on"}, {"pattern": " a ", "ignore_case": True}),
        ("url", {"config_allow": "example.org"}, {"allow": ["example.org"]}),
    ],
)
def test_every_kind_has_a_form_that_saves_it(
    agent: Agent, browser: Client, kind: str, sent: dict[str, Any], config: dict[str, Any]
) -> None:
    path = f"/agents/{agent.id}/parts/guardrails/new/?implementation={kind}"
    assert browser.get(path, headers=HTMX).status_code == 200
    post(browser, path, ALL | sent)
    saved = Guardrail.objects.get()
    assert (saved.implementation, saved.config, saved.enabled) == (kind, config, True)
    item = f"/agents/{agent.id}/parts/guardrails/{saved.id}/"
    assert browser.get(item).status_code == 200
    post(browser, item, {name: value for name, value in (ALL | sent).items() if name != "enabled"} | {"name": "Two"})
    saved = Guardrail.objects.get()
    assert (saved.name, saved.config, saved.enabled) == ("Two", config, False)


def test_a_judge_is_chosen_among_the_other_agents(cast: Cast, agent: Agent, browser: Client) -> None:
    judge, stranger = make_agent(cast.alice, name="Judge"), make_agent(cast.dave, name="Strange")
    path = f"/agents/{agent.id}/parts/guardrails/new/?implementation=agent"
    page = browser.get(path).content.decode()
    assert (str(judge.id) in page, str(stranger.id) in page, f'value="{agent.id}"' in page) == (True, False, False)
    post(browser, path, ALL | {"config_agent_id": str(stranger.id)}, 422)
    post(browser, path, ALL | {"config_agent_id": str(judge.id)})
    assert Guardrail.objects.get().config == {
        "agent_id": str(judge.id),
        "on_error": "block",
    } or Guardrail.objects.get().config == {"agent_id": str(judge.id)}


def test_what_could_not_work_is_said_in_the_form(agent: Agent, browser: Client) -> None:
    path = f"/agents/{agent.id}/parts/guardrails/new/?implementation=regex"
    assert "without look-around" in post(browser, path, ALL | {"config_pattern": "(?=a)"}, 422)
    assert browser.get(f"/agents/{agent.id}/parts/guardrails/new/?implementation=magic").status_code == 404
    assert not Guardrail.objects.exists()


def test_the_builder_lists_orders_and_explains_them(cast: Cast, agent: Agent, browser: Client) -> None:
    words = {"type": "input", "implementation": "keywords", "config": {"keywords": ["darn"]}}
    made = cast.bob.api.patch(
        f"agents/{agent.id}/", {"guardrails": [words | {"name": name} for name in ("A", "B", "C")]}
    )
    first = made.json()["guardrails"][0]["id"]
    move = f"/agents/{agent.id}/guardrails/{first}/move/"
    for direction, names in (("down", "BAC"), ("down", "BCA"), ("down", "BCA"), ("up", "BAC")):
        post(browser, move, {"direction": direction})
        assert "".join(Guardrail.objects.order_by("position").values_list("name", flat=True)) == names
    page = browser.get(f"/agents/{agent.id}/").content.decode()
    assert "everybody who has spoken checks the answer" in page
    assert 'href="#guardrails"' in page
    kinds = browser.get(f"/agents/{agent.id}/guardrails/kinds/", headers=HTMX).content.decode()
    assert "?implementation=pii" in kinds


def test_holding_is_switched_on_and_off(agent: Agent, browser: Client) -> None:
    for sent, held in (("1", True), ("", False)):
        post(browser, f"/agents/{agent.id}/save/", {"name": "Triage", "hold_until_checked": sent})
        agent.refresh_from_db()
        assert agent.hold_until_checked is held


def test_a_text_is_tried_and_every_guardrail_says_what_and_how_long(cast: Cast, agent: Agent, browser: Client) -> None:
    path = f"/agents/{agent.id}/guardrails/try/"
    assert "is in use" in browser.get(path).content.decode()
    guardrails = [
        {"name": "Private", "type": "output", "implementation": "pii", "action": "redact"},
        {"name": "Short", "type": "input", "implementation": "length", "config": {"max_words": 1, "message": "<b>Too long</b>"}},
    ]  # fmt: skip
    cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": guardrails})
    page = post(browser, path, {"text": "<i>ann@example.org</i> says", "type": ""}, 200)
    assert "Blocked" in page
    assert "&lt;b&gt;Too long&lt;/b&gt;" in page
    assert " ms</span>" in page
    page = post(browser, path, {"text": "<i>ann@example.org</i> says", "type": "output"}, 200)
    assert "&lt;i&gt;[redacted]&lt;/i&gt; says" in page
    assert browser.post(path, {"text": ""}).status_code == 422


def test_the_run_page_says_which_guardrails_tripped(cast: Cast, agent: Agent, browser: Client) -> None:
    told = {"guardrail_id": "x", "name": "No curses", "stage": "output", "action": "warn", "message": "Hm <3"}
    run = make_run(cast.alice, agent, metadata={"guardrails": [told]})
    page = browser.get(f"/runs/{run.id}/").content.decode()
    assert "No curses" in page
    assert "Hm &lt;3" in page
