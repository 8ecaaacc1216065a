"""Clones, exports, imports, scripts and bulk changes of agents."""

import asyncio
import json
from typing import Any

import pytest
from agents import Agent as SdkAgent
from agents import Runner
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

from agent_app.models import Agent
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast, Person

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def make_team(person: Person) -> tuple[dict[str, Any], Agent]:
    """A triage agent that hands over to a desk and to itself, written over the API."""
    make_provider(person)
    desk = make_agent(person, name="Refund desk", instructions="Settle it.", model="fake/m", output_type=SCHEMA)
    body = {
        "name": "Triage “one”", "instructions": "Greet {{ user.name }} of {{ context.shop }}.\n\"\"\" \\", "model": "fake/m",
        "fallback_models": ["fake/m"], "tags": ["a"], "history": {"policy": "last_n", "n": 4},
        "model_settings": {"temperature": 0.3, "additional_params": {"seed": 1, "api_key": "sk-very-secret"}},  # pragma: allowlist secret
        "contexts": [{"name": "EU", "content": {"shop": "Halden", "auth": {"token": "t0p"}}}],
        "handoffs": [{"target_agent_id": str(desk.id), "input_filter": {"type": "last_n", "n": 3}}],
    }  # fmt: skip
    made = person.api.post("agents/", body)
    assert made.status_code == 201, made.content
    agent = made.json()
    assert person.api.post(f"agents/{agent['id']}/handoffs/", {"target_agent_id": agent["id"]}).status_code == 201
    return person.api.get(f"agents/{agent['id']}/").json(), desk


def test_a_clone_has_the_same_content_and_remembers_where_from(cast: Cast) -> None:
    agent, desk = make_team(cast.alice)
    path = f"agents/{agent['id']}/"
    clone = cast.bob.api.post(f"{path}clone/").json()
    for name in ("instructions", "model_settings", "history", "tags", "output_type"):
        assert clone[name] == agent[name]
    assert (clone["name"], clone["status"], clone["cloned_from"]) == (
        "Triage “one” (copy)", "draft", {"agent_id": agent["id"], "version": None},
    )  # fmt: skip
    assert [each["target_agent_id"] for each in clone["handoffs"]] == [str(desk.id), clone["id"]]
    assert clone["handoffs"][0]["id"] != agent["handoffs"][0]["id"]
    assert cast.bob.api.post(f"{path}publish/", {"with_targets": True}).status_code == 201
    assert cast.bob.api.post(f"{path}clone/").json()["cloned_from"]["version"] == 1
    cast.bob.api.patch(path, {"instructions": "New"})
    again = cast.bob.api.post(f"{path}clone/", {"version": 1, "name": "Second"}).json()
    assert (again["name"], again["instructions"], again["cloned_from"]["version"]) == (
        "Second",
        agent["instructions"],
        1,
    )
    assert cast.bob.api.post(f"{path}clone/", {"version": 7}).status_code == 404


def test_an_export_is_imported_elsewhere_and_nothing_is_left_out_silently(cast: Cast) -> None:
    agent, _desk = make_team(cast.alice)
    answer = cast.carol.api.get(f"agents/{agent['id']}/export/")
    assert "attachment" in answer.headers["Content-Disposition"]
    document = answer.json()
    assert b"sk-very-secret" not in answer.content
    assert b"t0p" not in answer.content
    assert len(document["removed"]) == 2
    document["agents"][0]["knowledge"] = [{"name": "Handbook"}]
    document["agents"][1]["handoffs"] = [{"target": "nobody"}]
    path = "agents/import/"
    dry = cast.dave.api.post(path, {"document": document, "dry_run": True})
    assert dry.status_code == 200, dry.content
    assert not Agent.objects.filter(workspace_id=cast.dave.workspace_id).exists()
    real = cast.dave.api.post(path, {"document": document})
    assert real.status_code == 201
    report = real.json()
    assert {
        **report,
        "dry_run": True,
        "agents": [{**each, "agent_id": None} for each in report["agents"]],
    } == dry.json()
    assert [each["path"] for each in report["left_out"]] == ["agents[0].knowledge", "agents[1].handoffs[nobody]"]
    assert [(each["reference"], each["becomes"], bool(each["why"])) for each in report["models"]] == [
        ("fake/m", "", True)
    ]
    root = cast.dave.api.get(f"agents/{report['agents'][0]['agent_id']}/").json()
    assert [each["target_agent_id"] for each in root["handoffs"]] == [each["agent_id"] for each in report["agents"]][
        ::-1
    ]
    assert (root["model"], root["fallback_models"], root["history"]) == ("", [], {"policy": "last_n", "n": 4})
    mapped = cast.alice.api.post(path, {"document": document, "models": {"fake/m": "m"}}).json()
    assert mapped["models"][0]["becomes"] == "m"


@pytest.mark.parametrize(
    "document",
    [
        {}, {"format": "troupe.agents", "format_version": 2, "agents": [{"name": "x"}]},
        {"format": "troupe.agents", "format_version": 1, "agents": []},
        {"format": "troupe.agents", "format_version": 1, "agents": [{"name": "x", "key": "a"}, {"name": "y", "key": "a"}]},
        {"format": "troupe.agents", "format_version": 1, "agents": [{"name": ""}]},
        {"format": "troupe.agents", "format_version": 1, "agents": [{"name": "x", "handoffs": ["y"]}]},
        {"format": "troupe.agents", "format_version": 1, "agents": [{"name": "x", "instructions": "{{ nobody }}"}]},
        {"format": "troupe.agents", "format_version": 1, "agents": [{"name": "x", "starters": "y"}]},
    ],
)  # fmt: skip
def test_what_is_no_export_makes_nothing(cast: Cast, document: dict[str, Any]) -> None:
    answer = cast.alice.api.post("agents/import/", {"document": document})
    assert (answer.status_code, bool(answer.json()["errors"])) == (400, True)
    assert not Agent.objects.exists()


def test_the_script_runs_with_the_sdk_as_the_agent_would(cast: Cast) -> None:
    agent, _desk = make_team(cast.alice)
    answer = cast.carol.api.get(f"agents/{agent['id']}/export/", {"format": "python"})
    assert answer.headers["Content-Type"].startswith("text/x-python")
    source = answer.content.decode()
    assert "sk-very-secret" not in source
    assert 'model=Fallbacks(provider_model("m", "FAKE"), provider_model("m", "FAKE"))' in source
    assert "# Not in this script: the history policy last_n 4: a script is one question and its answer." in source
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), namespace)  # noqa: S102  # what the export promises
    root = namespace["triage_one_agent"]
    assert isinstance(root, SdkAgent)
    assert str(root.instructions).startswith("Greet ")
    assert str(root.instructions).endswith('of Halden.\n""" \\')
    model = ScriptedModel(
        [
            ModelStep(output=[function_call("transfer_to_refund_desk", "{}", call_id="c1")]),
            ModelStep(output=[assistant_message(json.dumps({"city": "Oslo"}))]),
        ]
    )
    for each in (root, namespace["refund_desk_agent"]):
        each.model = model
    result = asyncio.run(Runner.run(root, "Hello"))
    assert result.final_output == {"city": "Oslo"}
    model.assert_complete()


CODE = """
def price(pieces: int, each: int = 3) -> dict:
    \'\'\'What pieces cost. "Really"\'\'\'
    return {"shop": context["shop"], "sum": pieces * each, "path": "C:\\\\x"}
"""


def test_the_script_brings_tools_settings_and_output_types_along(cast: Cast) -> None:
    make_provider(cast.alice)
    desk = make_agent(cast.alice, name="Desk", model="fake/m")
    away = make_agent(cast.alice, name="Away", model="fake/m")
    body = {
        "name": "Shop", "instructions": "Sell.\n\nAlways say 'thanks'", "model": "fake/m",
        "model_settings": {"tool_choice": "auto", "parallel_tool_calls": False, "reasoning_effort": "low"},
        "output_type": {"type_name": "json_schema", "schema": {"type": "array", "items": {"type": "string"}}},
        "contexts": [{"name": "EU", "content": {"shop": "Halden", "auth": {"token": "t0p"}}}],
        "tools": [
            {"name": "price", "type": "function", "params": {"code": CODE}, "max_calls": 2},
            {"name": "think", "type": "llm", "params": {"prompt": "Think of {{ input }} at {{ context.shop }}."}},
            {"name": "search", "type": "web_search", "params": {}},
        ],
        "handoffs": [
            {"target_agent_id": str(desk.id), "payload_schema": SCHEMA, "enabled_when": "context.shop == 'Halden'"},
            {"target_agent_id": str(away.id), "enabled_when": "context.shop == 'Fjell'"},
        ],
    }  # fmt: skip
    made = cast.bob.api.post("agents/", body)
    assert made.status_code == 201, made.content
    source = cast.carol.api.get(f"agents/{made.json()['id']}/export/", {"format": "python"}).content.decode()
    assert "t0p" not in source
    assert "# Secrets were taken out: auth.token." in source
    assert [line.strip() for line in source.splitlines() if "Not in this script" in line] == [
        "# Not in this script: price: max_calls.", "# Not in this script: the tool search (web_search).",
    ]  # fmt: skip
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), namespace)  # noqa: S102  # what the export promises
    with pytest.raises(ValueError, match="http://"):
        namespace["http_get"]("file:///etc/passwd")  # a model may choose the address
    root = namespace["shop_agent"]
    assert root.instructions == body["instructions"]
    assert (root.model_settings.tool_choice, root.model_settings.reasoning.effort) == ("auto", "low")
    model = ScriptedModel(
        [
            ModelStep(output=[function_call("price", '{"pieces": 2}', call_id="c1")]),
            ModelStep(output=[assistant_message(json.dumps({"response": ["a"]}))]),
        ]
    )
    root.model = model
    result = asyncio.run(Runner.run(root, "Hello"))
    assert result.final_output == ["a"]
    [said] = [item["output"] for item in result.to_input_list() if item.get("type") == "function_call_output"]
    assert json.loads(said) == {"shop": "Halden", "sum": 6, "path": "C:\\x"}
    offered = [each.tool_name for each in model.calls[0].handoffs]
    assert offered == ["transfer_to_desk"], "the other one's condition does not hold"
    assert model.calls[0].handoffs[0].input_json_schema == SCHEMA


def test_an_export_of_a_version_and_of_what_is_not_there(cast: Cast) -> None:
    agent, _desk = make_team(cast.alice)
    path = f"agents/{agent['id']}/"
    cast.alice.api.post(f"{path}publish/", {"with_targets": True})
    cast.alice.api.patch(path, {"name": "Renamed"})
    names = [cast.alice.api.get(f"{path}export/", {"version": v}).json()["agents"][0]["name"] for v in ("1", "draft")]
    assert names == ["Triage “one”", "Renamed"]
    assert cast.alice.api.get(f"{path}export/", {"version": "4"}).status_code == 404
    assert cast.alice.api.get(f"{path}export/", {"format": "xml"}).status_code == 400


def test_several_agents_are_tagged_and_set_at_once(cast: Cast) -> None:
    first, second = make_agent(cast.alice, tags=["a", "b"]), make_agent(cast.alice)
    foreign = make_agent(cast.dave)
    ids = [str(each.id) for each in (first, second, foreign)]
    body = {"ids": ids, "add_tags": ["c"], "remove_tags": ["a"], "status": "active"}
    assert cast.bob.api.post("agents/bulk/", body).json() == {"changed": 2}
    assert cast.bob.api.post("agents/bulk/", body).json() == {"changed": 0}
    rows = {each.id: (each.tags, each.status, each.revision) for each in Agent.objects.all()}
    assert rows[first.id] == (["b", "c"], "active", 2)
    assert rows[second.id] == (["c"], "active", 2)
    assert rows[foreign.id] == ([], "draft", 1)
    assert cast.bob.api.post("agents/bulk/", {"ids": []}).status_code == 400
    too_many = cast.bob.api.post("agents/bulk/", {"ids": ids, "add_tags": [str(n) for n in range(20)]})
    assert (too_many.status_code, list(too_many.json()["errors"])) == (400, ["add_tags"])
    assert Agent.objects.get(id=second.id).tags == ["c"]
    both = cast.bob.api.post("agents/bulk/", {"ids": ids, "delete": True, "status": "active"})
    assert (both.status_code, list(both.json()["errors"]), Agent.objects.count()) == (400, ["delete"], 3)
    assert cast.bob.api.post("agents/bulk/", {"ids": ids, "delete": True}).json() == {"changed": 2}
    assert [agent.id for agent in Agent.objects.all()] == [foreign.id]


def test_what_is_sent_is_shown_as_it_will_be(cast: Cast) -> None:
    agent, _desk = make_team(cast.alice)
    path = f"agents/{agent['id']}/preview/"
    told = cast.carol.api.get(path).json()
    assert told["system_prompt"].startswith(f"Greet {cast.carol.user.display_name} of Halden.")
    assert [tool["name"] for tool in told["tools"]] == ["transfer_to_refund_desk", "transfer_to_triage_one"]
    assert (told["model"], told["problems"], told["context"]["name"]) == ("fake/m", [], "EU")
    counts = told["tokens"]
    assert counts["total"] == counts["instructions"] + counts["tools"] + counts["output_type"]
    chosen = cast.carol.api.get(path, {"context_id": agent["contexts"][0]["id"]})
    assert chosen.json()["system_prompt"] == told["system_prompt"]
    assert cast.carol.api.get(path, {"context_id": agent["id"]}).status_code == 404
    Agent.objects.filter(id=agent["id"]).update(model="gone/x", instructions="{{ context.gone }}")
    broken = cast.carol.api.get(path).json()
    assert (len(broken["problems"]), broken["system_prompt"]) == (2, "{{ context.gone }}")


def test_suggestions_and_templates(cast: Cast) -> None:
    agent = make_agent(cast.alice, instructions="")
    found = cast.carol.api.get(f"agents/{agent.id}/suggestions/").json()["suggestions"]
    assert [each["code"] for each in found] == ["empty"]
    templates = cast.carol.api.get("agents/templates/").json()["results"]
    assert len(templates) >= 5
    assert all(each["instructions"] and each["example"] and each["practices"] for each in templates)
