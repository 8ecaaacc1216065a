"""The definition of an agent over the API: output type, fallbacks, history, handoffs, contexts, the model."""

from typing import Any
from uuid import uuid4

import pytest

from agent_app.models import Agent, Context, Handoff
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def test_the_whole_definition_is_written_and_read_at_once(cast: Cast) -> None:
    make_provider(cast.alice)
    target = make_agent(cast.alice, name="Refund desk")
    body = {
        "name": "Porter", "instructions": "Greet {{ user.name }} of {{ context.shop }}.", "output_type": SCHEMA,
        "fallback_models": ["fake/m"], "history": {"policy": "last_n", "n": 4},
        "handoffs": [
            {
                "target_agent_id": str(target.id), "tool_name": "refund", "input_filter": {"type": "last_n", "n": 3},
                "payload_schema": SCHEMA, "enabled_when": "context.shop == 'Halden'",
            }
        ],
        "contexts": [{"name": "EU", "content": {"shop": "Halden"}}, {"name": "US", "content": {"shop": "Fjell"}}],
    }  # fmt: skip
    made = cast.bob.api.post("agents/", body)
    assert made.status_code == 201, made.content
    read = cast.carol.api.get(f"agents/{made.json()['id']}/").json()
    assert read["warnings"] == ([] if read["model"] else read["warnings"])
    for name in ("output_type", "fallback_models", "history"):
        assert read[name] == body[name]
    assert [context["is_default"] for context in read["contexts"]] == [True, False]
    [handoff] = read["handoffs"]
    assert handoff == {**body["handoffs"][0], "id": handoff["id"], "tool_description": ""}  # type: ignore[index]
    assert (read["revision"], read["version"], read["cloned_from"]) == (1, None, None)


def test_a_nested_list_replaces_the_whole_and_ids_keep_identity(cast: Cast) -> None:
    agent, first, second = (make_agent(cast.alice, name=name) for name in ("A", "B", "C"))
    path = f"agents/{agent.id}/"
    both = [{"target_agent_id": str(first.id)}, {"target_agent_id": str(second.id), "tool_name": "c"}]
    kept = cast.bob.api.patch(path, {"handoffs": both}).json()["handoffs"]
    changed = cast.bob.api.patch(path, {"handoffs": [{"id": kept[1]["id"], "target_agent_id": str(first.id)}]}).json()
    assert changed["revision"] == 3
    assert [(each["id"], each["target_agent_id"]) for each in changed["handoffs"]] == [(kept[1]["id"], str(first.id))]
    assert changed["handoffs"][0]["tool_name"] == ""
    again = cast.bob.api.patch(path, {"handoffs": changed["handoffs"], "revision": 3})
    assert (again.status_code, again.json()["revision"]) == (200, 3)
    stranger = cast.bob.api.patch(path, {"handoffs": [{"id": kept[0]["id"], "target_agent_id": str(first.id)}]})
    assert (stranger.status_code, list(stranger.json()["errors"])) == (400, ["handoffs"])
    assert Handoff.objects.count() == 1
    stale = cast.bob.api.patch(path, {"contexts": [{"name": "x"}], "revision": 1})
    assert (stale.status_code, stale.json()["changed"]) == (409, ["contexts"])
    assert not Context.objects.exists()


def bad(**fields: Any) -> tuple[dict[str, Any], str]:
    return fields, next(iter(fields))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        bad(output_type={"type": "nonsense"}), bad(output_type={"type_name": 3}), bad(output_type=[1]),
        bad(history={"policy": "last_n"}), bad(history={"policy": "all", "n": 3}), bad(history={"policy": "token_budget", "tokens": 1}),
        bad(contexts=[{"name": "a"}, {"name": "a"}]), bad(contexts=[{"name": "a", "content": 3}]),
        bad(contexts=[{"name": "a", "is_default": True}, {"name": "b", "is_default": True}]), bad(tools=[{}]), bad(guardrails=[{}]),
        bad(instructions="Hi {{ user.nmae }}"), bad(instructions="{{ context.shop }}"), bad(instructions="{% include 'x' %}"),
        bad(instructions="{{ nobody }}"), bad(instructions="Hi {{ user.name"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name_and_nothing_is_made(cast: Cast, fields: dict[str, Any], named: str) -> None:
    answer = cast.alice.api.post("agents/", {"name": "x"} | fields)
    assert answer.status_code == 400, answer.content
    assert [name.split(".")[0] for name in answer.json()["errors"]] == [named]
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"input_filter": "some"}, {"input_filter": {"type": "last_n", "n": 0}}, {"payload_schema": {"type": "string"}},
        {"payload_schema": {"type": "wrong"}}, {"tool_name": "a b"}, {"enabled_when": "1 +"}, {"enabled_when": "nobody"},
    ],
)  # fmt: skip
def test_a_handoff_that_could_not_work_is_refused(cast: Cast, values: dict[str, Any]) -> None:
    agent = make_agent(cast.alice)
    answer = cast.alice.api.post(f"agents/{agent.id}/handoffs/", {"target_agent_id": str(agent.id)} | values)
    assert answer.status_code == 400
    assert not Handoff.objects.exists()


def test_who_is_handed_over_to_must_be_here_and_not_archived(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/handoffs/"
    wrong = [make_agent(cast.dave).id, uuid4(), make_agent(cast.alice, name="Old", status="archived").id]
    answers = [cast.bob.api.post(path, {"target_agent_id": str(each)}) for each in wrong]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    details = [
        answer.json()["errors"]["handoffs"][0].replace(str(each), "…")
        for answer, each in zip(answers, wrong, strict=True)
    ]
    assert details[0] == details[1]
    assert cast.bob.api.post(path, {"target_agent_id": str(agent.id)}).status_code == 201, "itself is allowed"


def test_the_map_says_who_can_hand_over_to_whom(cast: Cast) -> None:
    names = ("Triage", "Desk", "Cashier", "Porter")
    make_provider(cast.alice)
    triage, desk, cashier, porter = (make_agent(cast.alice, name=name, model="fake/m") for name in names)
    pairs = ((triage, desk), (triage, cashier), (desk, triage), (desk, cashier), (porter, triage))
    for agent, target in pairs:
        made = cast.bob.api.post(f"agents/{agent.id}/handoffs/", {"target_agent_id": str(target.id)})
        assert made.status_code == 201
    tool = {"name": "ask_porter", "type": "agent", "params": {"agent_id": str(porter.id)}}
    assert cast.bob.api.post(f"agents/{triage.id}/tools/", tool).status_code == 201
    path = f"agents/{triage.id}/handoffs/map/"
    answer = cast.carol.api.get(path).json()
    assert [(each["name"], each["distance"]) for each in answer["agents"]] == [
        ("Triage", 0), ("Desk", 1), ("Cashier", 1),
    ], "whom it only calls as a tool takes over nothing"  # fmt: skip
    ids = {str(agent.id): agent.name for agent in (triage, desk, cashier)}
    said = [
        (ids[each["from_agent_id"]], each["tool_name"], ids[each["target_agent_id"]]) for each in answer["handoffs"]
    ]
    assert said == [
        ("Triage", "transfer_to_desk", "Desk"), ("Triage", "transfer_to_cashier", "Cashier"),
        ("Desk", "transfer_to_triage", "Triage"), ("Desk", "transfer_to_cashier", "Cashier"),
    ]  # fmt: skip
    published = cast.bob.api.post(f"agents/{triage.id}/publish/", {"with_targets": True})
    assert published.status_code == 201, published.content
    assert cast.bob.api.patch(f"agents/{desk.id}/", {"handoffs": []}).status_code == 200
    assert len(cast.carol.api.get(path).json()["handoffs"]) == 2
    assert cast.carol.api.get(path, {"version": "1"}).json() == answer
    assert cast.carol.api.get(path, {"version": "2"}).status_code == 404
    assert cast.carol.api.get(path, {"version": "new"}).status_code == 400


def test_handoffs_one_by_one(cast: Cast) -> None:
    agent, target = make_agent(cast.alice), make_agent(cast.alice, name="Desk")
    path = f"agents/{agent.id}/handoffs/"
    made = cast.bob.api.post(path, {"target_agent_id": str(target.id), "tool_description": "For money"})
    assert made.status_code == 201
    item = f"{path}{made.json()['id']}/"
    assert cast.bob.api.post(path, {"target_agent_id": str(agent.id)}).status_code == 201
    assert [each["target_agent_id"] for each in cast.carol.api.get(path).json()["results"]] == [
        str(target.id),
        str(agent.id),
    ]
    assert cast.bob.api.patch(item, {"input_filter": "summary"}).json()["tool_description"] == "For money"
    replaced = cast.bob.api.put(item, {"target_agent_id": str(target.id)}).json()
    assert (replaced["input_filter"], replaced["tool_description"]) == ("all", "")
    assert cast.carol.api.get(item).json() == replaced
    agent.refresh_from_db()
    assert agent.revision == 5
    assert cast.bob.api.delete(item).status_code == 204
    assert [cast.bob.api.request(method, item, {"target_agent_id": str(target.id)}).status_code for method in ("GET", "PUT", "DELETE")] == [
        404, 404, 404,
    ]  # fmt: skip


def test_contexts_one_by_one_with_one_default(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path, default = f"agents/{agent.id}/contexts/", f"agents/{agent.id}/context/"
    assert cast.bob.api.get(default).status_code == 404
    first = cast.bob.api.put(default, {"content": {"shop": "Halden"}}).json()
    second = cast.bob.api.post(path, {"name": "US", "is_default": True}).json()
    assert cast.carol.api.get(default).json()["id"] == second["id"]
    rows = cast.carol.api.get(path).json()["results"]
    assert [(row["id"], row["is_default"]) for row in rows] == [(first["id"], False), (second["id"], True)]
    assert cast.bob.api.put(default, {"content": {"shop": "Fjell"}}).json()["name"] == "US"
    assert cast.bob.api.patch(f"{path}{first['id']}/", {"is_default": True}).json()["is_default"]
    assert cast.bob.api.put(f"{path}{second['id']}/", {"name": "EU"}).json()["content"] == {}
    assert cast.bob.api.get(f"{path}{second['id']}/").json()["name"] == "EU"
    assert cast.bob.api.delete(f"{path}{first['id']}/").status_code == 204
    assert cast.bob.api.get(default).json()["id"] == second["id"], "the default was removed: the next one is it"


def test_a_context_that_the_instructions_need_cannot_lose_it(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/"
    body = {"instructions": "Of {{ context.shop }}.", "contexts": [{"name": "EU", "content": {"shop": "Halden"}}]}
    context = cast.bob.api.patch(path, body).json()["contexts"][0]
    lost = cast.bob.api.patch(f"{path}contexts/{context['id']}/", {"content": {}})
    assert (lost.status_code, lost.json()["errors"]) == (400, {"contexts": ["The context “EU” has no “shop”."]})
    assert cast.bob.api.patch(path, {"name": "Renamed"}).status_code == 200


def test_the_model_is_set_with_its_settings(cast: Cast) -> None:
    provider = make_provider(cast.alice)
    agent = make_agent(cast.alice, model_settings={"top_p": 0.5, "max_tokens": 20})
    path = f"agents/{agent.id}/model/"
    body = {"provider_id": str(provider.id), "model": "m", "temperature": 0.1, "max_tokens": None}
    told = cast.bob.api.post(path, body).json()
    assert (told["model"], {k: v for k, v in told["model_settings"].items() if v is not None}) == (
        "fake/m", {"top_p": 0.5, "temperature": 0.1},
    )  # fmt: skip
    assert cast.bob.api.post(path, {"model": "unknown/x"}).status_code == 422
    assert cast.bob.api.post(path, {"model": "m", "provider_id": str(uuid4())}).status_code == 404


def test_deleting_an_agent_takes_the_handoffs_to_it_away_and_counts(cast: Cast) -> None:
    agent, target = make_agent(cast.alice), make_agent(cast.alice, name="Desk")
    cast.bob.api.post(f"agents/{agent.id}/handoffs/", {"target_agent_id": str(target.id)})
    assert cast.bob.api.delete(f"agents/{target.id}/").status_code == 204
    read = cast.bob.api.get(f"agents/{agent.id}/").json()
    assert (read["handoffs"], read["revision"]) == ([], 3)
