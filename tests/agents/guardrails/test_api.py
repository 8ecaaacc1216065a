"""Guardrails as a part of an agent, over the API."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Agent, Guardrail
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast

WORDS = {"name": "No curses", "type": "input", "implementation": "keywords", "config": {"keywords": ["darn"]}}
PII = {"name": "Private", "type": "output", "implementation": "pii", "action": "redact"}


def test_guardrails_are_written_and_read_with_the_agent(cast: Cast) -> None:
    make_provider(cast.alice)
    made = cast.bob.api.post(
        "agents/", {"name": "Porter", "model": "fake/m", "guardrails": [WORDS, PII], "hold_until_checked": True}
    )
    assert made.status_code == 201, made.content
    read = cast.carol.api.get(f"agents/{made.json()['id']}/").json()
    assert read["hold_until_checked"] is True
    first, second = read["guardrails"]
    assert first == {
        **WORDS,
        "id": first["id"],
        "description": "",
        "action": "block",
        "mode": "blocking",
        "enabled": True,
    }
    assert (second["action"], second["config"]) == ("redact", {})
    assert (read["input_guardrails"], read["output_guardrails"]) == ([first], [second])


def test_lists_by_stage_imply_the_type_and_replace_that_stage(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/"
    untyped = {name: value for name, value in WORDS.items() if name != "type"}
    body = {"input_guardrails": [untyped], "output_guardrails": [{**PII, "type": "output"}]}
    both = cast.bob.api.patch(path, body).json()["guardrails"]
    assert [(each["name"], each["type"]) for each in both] == [("No curses", "input"), ("Private", "output")]
    less = cast.bob.api.put(path, {"name": "Porter", "input_guardrails": []}).json()["guardrails"]
    assert [each["id"] for each in less] == [both[1]["id"]]
    wrong = cast.bob.api.patch(path, {"output_guardrails": [WORDS]})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["output_guardrails"])
    whole = cast.bob.api.patch(path, {"guardrails": [WORDS], "output_guardrails": [PII]}).json()["guardrails"]
    assert [each["name"] for each in whole] == ["No curses", "Private"]


def test_a_list_replaces_the_whole_and_ids_keep_identity(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/"
    first, second = cast.bob.api.patch(path, {"guardrails": [WORDS, PII]}).json()["guardrails"]
    changed = cast.bob.api.patch(path, {"guardrails": [{**PII, "id": second["id"], "name": "Renamed"}]}).json()
    assert [(each["id"], each["name"]) for each in changed["guardrails"]] == [(second["id"], "Renamed")]
    stranger = cast.bob.api.patch(path, {"guardrails": [{**PII, "id": first["id"]}]})
    assert (stranger.status_code, list(stranger.json()["errors"])) == (400, ["guardrails"])
    assert Guardrail.objects.count() == 1


def test_guardrails_one_by_one(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/guardrails/"
    made = cast.bob.api.post(path, WORDS)
    assert made.status_code == 201
    item = f"{path}{made.json()['id']}/"
    assert cast.bob.api.patch(item, {"enabled": False, "action": "warn"}).json()["config"] == WORDS["config"]
    replaced = cast.bob.api.put(item, WORDS).json()
    assert (replaced["enabled"], replaced["action"]) == (True, "block")
    assert cast.carol.api.get(item).json() == replaced
    assert cast.carol.api.get(path).json()["results"] == [replaced]
    assert [cast.carol.api.request(method, item, WORDS).status_code for method in ("PUT", "PATCH", "DELETE")] == [
        403,
        403,
        403,
    ]
    assert cast.dave.api.get(item).status_code == 404
    assert cast.bob.api.delete(item).status_code == 204
    assert cast.bob.api.get(item).status_code == 404
    agent.refresh_from_db()
    assert agent.revision == 5


def test_a_longer_list_costs_no_more_queries(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    agent = make_agent(cast.alice)
    cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [WORDS | {"name": str(number)} for number in range(20)]})
    cast.carol.api.get(f"agents/{agent.id}/guardrails/")
    with django_assert_max_num_queries(4):
        assert cast.carol.api.get(f"agents/{agent.id}/guardrails/").json()["count"] == 20


@pytest.mark.parametrize(
    "values",
    [
        {"implementation": "magic"}, {"config": {}}, {"config": {"keywords": []}}, {"config": {"keywords": ["a"], "unknown": 1}},
        {"type": "nowhere"}, {"action": "explode"}, {"mode": "later"}, {"name": ""}, {"action": "replace"},
        {"implementation": "schema", "config": {"schema": {"type": "object"}}, "action": "redact"},
        {"implementation": "regex", "config": {"pattern": "(?=a)"}}, {"implementation": "url", "config": {"allow": ["a b"]}},
        {"implementation": "length", "config": {}}, {"mode": "parallel", "action": "redact"},
        {"mode": "parallel", "type": "tool_input"}, {"config": "keywords"}, {"credential_id": str(uuid4())},
    ],
)  # fmt: skip
def test_a_guardrail_that_could_not_work_is_refused(cast: Cast, values: dict[str, Any]) -> None:
    agent = make_agent(cast.alice)
    answer = cast.alice.api.post(f"agents/{agent.id}/guardrails/", WORDS | values)
    assert answer.status_code == 400, answer.content
    assert not Guardrail.objects.exists()


def test_two_of_one_name_and_too_many_are_refused(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    for guardrails in ([WORDS, WORDS], [WORDS | {"name": str(number)} for number in range(51)]):
        answer = cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": guardrails})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["guardrails"])


def test_versions_restores_clones_and_diffs_know_guardrails(cast: Cast) -> None:
    make_provider(cast.alice)
    made = cast.bob.api.post("agents/", {"name": "Porter", "model": "fake/m", "guardrails": [WORDS]}).json()
    path = f"agents/{made['id']}/"
    assert cast.bob.api.post(f"{path}publish/", {}).status_code == 201
    kept = cast.bob.api.get(f"{path}versions/1/").json()["content"]["guardrails"]
    assert [each["id"] for each in kept] == [made["guardrails"][0]["id"]]
    cast.bob.api.patch(f"{path}guardrails/{kept[0]['id']}/", {"action": "warn"})
    changes = cast.bob.api.get(f"{path}versions/1/diff/draft/").json()["changes"]
    assert changes == [{"path": f"guardrails[{kept[0]['id']}].action", "from": "block", "to": "warn"}]
    cast.bob.api.patch(path, {"guardrails": [], "hold_until_checked": True})
    restored = cast.bob.api.post(f"{path}versions/1/restore/", {}).json()["agent"]
    assert ([each["id"] for each in restored["guardrails"]], restored["hold_until_checked"]) == ([kept[0]["id"]], False)
    clone = cast.bob.api.post(f"{path}clone/", {}).json()
    assert [each["name"] for each in clone["guardrails"]] == ["No curses"]
    assert clone["guardrails"][0]["id"] != kept[0]["id"]


def test_exports_are_imported_with_their_guardrails(cast: Cast) -> None:
    make_provider(cast.alice)
    made = cast.bob.api.post("agents/", {"name": "Porter", "model": "fake/m", "guardrails": [WORDS, PII]}).json()
    document = cast.bob.api.get(f"agents/{made['id']}/export/").json()
    assert [set(each) & {"id", "credential_id"} for each in document["agents"][0]["guardrails"]] == [set(), set()]
    script = cast.bob.api.get(f"agents/{made['id']}/export/?format=python").content.decode()
    assert 'input_guard(Guard("No curses", keywords(["darn"])))' in script
    assert "# Not in this script: the action redact of the guardrail Private." in script
    make_provider(cast.dave)
    report = cast.dave.api.post("agents/import/", {"document": document})
    assert report.status_code == 201, report.content
    imported = cast.dave.api.get(f"agents/{report.json()['agents'][0]['agent_id']}/").json()
    assert [(each["name"], each["config"], each["action"]) for each in imported["guardrails"]] == [
        ("No curses", {"keywords": ["darn"]}, "block"), ("Private", {}, "redact"),
    ]  # fmt: skip


def test_every_kind_says_what_its_config_is(cast: Cast) -> None:
    listed = {
        each["implementation"]: each for each in cast.carol.api.get("agents/guardrails/available/").json()["results"]
    }
    assert {"regex", "keywords", "pii", "secrets", "url", "length", "schema"} <= set(listed)
    assert listed["keywords"]["config_schema"]["required"] == ["keywords"]
    assert (listed["pii"]["redacts"], listed["schema"]["redacts"]) == (True, False)


def test_a_text_is_tried_on_the_draft(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    cast.bob.api.patch(
        f"agents/{agent.id}/",
        {"guardrails": [PII, WORDS | {"type": "output"}, WORDS | {"name": "Off", "enabled": False}]},
    )
    answer = cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": "Darn, write to ann@example.org"}).json()
    assert (answer["blocked"], answer["text"]) == (True, "Darn, write to [redacted]")
    private, curses = answer["results"]
    assert (private["tripped"], private["matches"]) == (True, [{"start": 15, "end": 30, "what": "email"}])
    assert curses["tripped"]
    assert all(each["duration_ms"] >= 0 for each in answer["results"])
    assert (
        cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": "x", "type": "input"}).json()["results"] == []
    )


def test_one_that_is_not_saved_is_tried(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/guardrails/test/"
    answer = cast.bob.api.post(path, {"text": "darn", "guardrail": WORDS}).json()
    assert (answer["blocked"], answer["results"][0]["id"], answer["results"][0]["tripped"]) == (True, None, True)
    assert cast.bob.api.post(path, {"text": "darn", "guardrail": WORDS | {"config": {}}}).status_code == 400
    assert not Guardrail.objects.exists()
    assert cast.carol.api.post(path, {"text": "darn"}).status_code == 403


JUDGE = {"name": "Judge", "type": "input", "implementation": "agent"}


def test_a_judge_is_another_agent_of_the_workspace_in_use(cast: Cast) -> None:
    agent, judge = make_agent(cast.alice), make_agent(cast.alice, name="Judge")
    path = f"agents/{agent.id}/guardrails/"
    wrong = [
        make_agent(cast.dave).id,
        uuid4(),
        make_agent(cast.alice, name="Old", status="archived").id,
        agent.id,
        "x",
        str(agent.id).upper(),
    ]
    for each in wrong:
        answer = cast.bob.api.post(path, JUDGE | {"config": {"agent_id": str(each)}})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["guardrails"]), each
    assert cast.bob.api.post(path, JUDGE | {"config": {"agent_id": str(judge.id)}}).status_code == 201
    assert Agent.objects.count() == 4


def test_a_judge_is_published_pinned_exported_and_imported(cast: Cast) -> None:
    make_provider(cast.alice)
    judge = cast.bob.api.post("agents/", {"name": "Judge", "model": "fake/m", "instructions": "Be strict."}).json()
    guardrail = JUDGE | {"config": {"agent_id": judge["id"]}}
    made = cast.bob.api.post("agents/", {"name": "Porter", "model": "fake/m", "guardrails": [guardrail]}).json()
    path = f"agents/{made['id']}/"
    refused = cast.bob.api.post(f"{path}publish/", {})
    assert (refused.status_code, refused.json()["targets"]) == (409, [{"id": judge["id"], "name": "Judge"}])
    assert cast.bob.api.post(f"{path}publish/", {"with_targets": True}).status_code == 201
    assert cast.bob.api.get(f"{path}versions/1/").json()["pins"] == {judge["id"]: 1}
    document = cast.bob.api.get(f"{path}export/").json()
    assert [agent["name"] for agent in document["agents"]] == ["Porter", "Judge"]
    make_provider(cast.dave)
    report = cast.dave.api.post("agents/import/", {"document": document}).json()
    porter, imported = (each["agent_id"] for each in report["agents"])
    assert cast.dave.api.get(f"agents/{porter}/").json()["guardrails"][0]["config"] == {"agent_id": imported}
    document["agents"] = document["agents"][:1]
    report = cast.dave.api.post("agents/import/", {"document": document}).json()
    assert [each["path"] for each in report["left_out"]] == ["agents[0].guardrails[Judge]"]
