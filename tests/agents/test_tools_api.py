"""Tools over the API: the workspace's library, the tools of an agent, and what they become in versions, clones and exports."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from agent_app.model_references import LOCAL_MODEL
from agent_app.models import Agent, AgentTool, AgentVersion, Credential, Tool
from community.models import AuditEntry
from tests.agents.probe_world import ECHO, Probe, agent_with, probing
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast, Person

SECRET = "swordfish-swordfish-1234"  # pragma: allowlist secret
MASK = {"set": True, "hint": "…1234"}


@pytest.fixture(autouse=True)
def probe() -> Iterator[Probe]:
    with probing() as kind:
        yield kind


def make_tool(person: Person, **fields: Any) -> dict[str, Any]:
    answer = person.api.post("tools/", {**ECHO, "name": "shared"} | fields)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def patched(person: Person, agent: Agent, *tools: dict[str, Any]) -> Any:
    return person.api.patch(f"agents/{agent.id}/", {"tools": list(tools)})


def test_a_tool_of_the_library_is_made_read_changed_and_deleted(cast: Cast) -> None:
    made = make_tool(cast.bob, description="Says it.", max_calls=3, timeout_s=9)
    read = cast.carol.api.get(f"tools/{made['id']}/").json()
    assert read == made
    assert (read["approval"], read["permissions"], read["enabled"], read["agents"]) == (
        "never",
        ["reads_untrusted"],
        True,
        0,
    )
    changed = cast.bob.api.patch(f"tools/{made['id']}/", {"description": "Other", "revision": 1})
    assert (changed.status_code, changed.json()["revision"], changed.json()["max_calls"]) == (200, 2, 3)
    stale = cast.bob.api.patch(f"tools/{made['id']}/", {"description": "Mine", "revision": 1})
    assert (stale.status_code, stale.json()["current_revision"]) == (409, 2)
    whole = cast.bob.api.put(f"tools/{made['id']}/", {"name": "renamed", "type": "probe"}).json()
    assert (whole["name"], whole["description"], whole["max_calls"]) == ("renamed", "", None)
    assert cast.dave.api.get(f"tools/{made['id']}/").status_code == 404
    assert cast.carol.api.delete(f"tools/{made['id']}/").status_code == 403
    assert cast.bob.api.delete(f"tools/{made['id']}/").status_code == 204
    actions = list(AuditEntry.objects.filter(object_id=made["id"]).order_by("id").values_list("action", flat=True))
    assert actions == ["tool.created", "tool.changed", "tool.changed", "tool.deleted"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": "two words"}, "name"), ({"name": "x" * 65}, "name"), ({"type": "nonsense"}, "type"),
        ({"params": {"unknown": 1}}, "params"), ({"params": {"idempotent": "yes"}}, "params"), ({"params": 3}, "params"),
        ({"max_calls": 0}, "max_calls"), ({"max_calls": 101}, "max_calls"), ({"timeout_s": 61}, "timeout_s"),
        ({"approval": "sometimes"}, "approval"), ({"approval": {"when": "1 +"}}, "approval"), ({"approval": {"if": "x"}}, "approval"),
        ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name_for_the_library_and_for_an_agent(
    cast: Cast, fields: dict[str, Any], named: str
) -> None:
    refused = cast.alice.api.post("tools/", {**ECHO, **fields})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, [named])
    agent = make_agent(cast.alice)
    assert patched(cast.alice, agent, {**ECHO, **fields}).status_code == 400
    assert not Tool.objects.exists()
    assert not AgentTool.objects.exists()


def test_an_approval_is_said_beside_the_params_or_among_them(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    for approval in ("never", "always", {"when": "arguments.text == 'pay'"}):
        saved = cast.alice.api.post("tools/", {**ECHO, "name": f"echo{len(str(approval))}", "approval": approval})
        assert (saved.status_code, saved.json()["approval"]) == (201, approval)
        assert patched(cast.alice, agent, {**ECHO, "params": {"approval": approval}}).status_code == 200
        [kept] = cast.alice.api.get(f"agents/{agent.id}/tools/").json()["results"]
        assert (kept["approval"], kept["params"]) == (approval, {})


def test_names_are_unique_in_the_library_and_among_what_a_model_is_offered(cast: Cast) -> None:
    make_tool(cast.alice, name="echo")
    again = cast.alice.api.post("tools/", ECHO)
    assert (again.status_code, list(again.json()["errors"])) == (400, ["name"])
    target, agent = make_agent(cast.alice, name="Desk"), make_agent(cast.alice)
    two = {**ECHO, "params": {"several": True}}
    for tools in ([ECHO, ECHO], [two, {**ECHO, "name": "echo_two"}]):
        refused = patched(cast.alice, agent, *tools)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["tools"])
    handoff = {"target_agent_id": str(target.id), "tool_name": "echo"}
    body = {"tools": [ECHO], "handoffs": [handoff]}
    assert cast.alice.api.patch(f"agents/{agent.id}/", body).status_code == 400
    assert patched(cast.alice, agent, ECHO).status_code == 200
    assert cast.alice.api.post(f"agents/{agent.id}/handoffs/", handoff).status_code == 400


def test_the_tools_of_an_agent_are_written_whole_and_one_by_one(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/tools/"
    first = cast.bob.api.post(path, ECHO)
    assert first.status_code == 201, first.content
    item = first.json()
    assert item == {
        "id": item["id"], "tool_id": None, "credential_id": None, "name": "echo", "type": "probe", "description": "", "params": {},
        "approval": "never", "max_calls": None, "timeout_s": None, "enabled": True, "needs": "secrets",
    }  # fmt: skip
    assert cast.bob.api.get(f"{path}{item['id']}/").json() == item
    changed = cast.bob.api.patch(f"{path}{item['id']}/", {"enabled": False}).json()
    assert (changed["enabled"], changed["name"]) == (False, "echo")
    replaced = cast.bob.api.put(f"{path}{item['id']}/", {**ECHO, "name": "other"}).json()
    assert (replaced["id"], replaced["name"], replaced["enabled"]) == (item["id"], "other", True)
    whole = cast.bob.api.get(f"agents/{agent.id}/").json()
    assert whole["tools"] == [replaced]
    same = cast.bob.api.patch(f"agents/{agent.id}/", {"tools": whole["tools"]}).json()
    assert (same["tools"], same["revision"]) == (whole["tools"], whole["revision"]), "what was read can be sent back"
    assert cast.bob.api.post(path, {"description": "no name"}).status_code == 400
    assert cast.carol.api.delete(f"{path}{item['id']}/").status_code == 403
    assert cast.dave.api.get(path).status_code == 404
    assert cast.bob.api.delete(f"{path}{item['id']}/").status_code == 204
    assert cast.bob.api.get(path).json()["count"] == 0


def test_a_tool_of_the_library_is_followed_until_it_is_published(cast: Cast) -> None:
    make_provider(cast.alice)
    tool = make_tool(cast.alice, description="Old", max_calls=5)
    agent = agent_with(cast.alice, {"tool_id": tool["id"], "max_calls": 2})
    [item] = cast.alice.api.get(f"agents/{agent.id}/tools/").json()["results"]
    assert (item["name"], item["description"], item["max_calls"], item["tool_id"]) == ("shared", "Old", 2, tool["id"])
    assert cast.alice.api.get(f"tools/{tool['id']}/").json()["agents"] == 0, "one by itself counts none"
    assert cast.alice.api.get("tools/").json()["results"][0]["agents"] == 1
    cast.alice.api.post(f"agents/{agent.id}/publish/", {})
    cast.alice.api.patch(f"tools/{tool['id']}/", {"description": "New"})
    [item] = cast.alice.api.get(f"agents/{agent.id}/tools/").json()["results"]
    assert (item["description"], item["max_calls"]) == ("New", 2)
    version = AgentVersion.objects.get()
    assert [each["description"] for each in (version.content["tools"][0], version.snapshot.definition["tools"][0])] == [
        "Old"
    ] * 2
    changes = cast.alice.api.get(f"agents/{agent.id}/versions/1/diff/draft/").json()["changes"]
    assert [(each["from"], each["to"]) for each in changes] == [("Old", "New")]
    assert cast.alice.api.post(f"agents/{agent.id}/publish/", {}).json()["version"] == 2
    cast.alice.api.delete(f"tools/{tool['id']}/")
    assert cast.alice.api.get(f"agents/{agent.id}/tools/").json()["count"] == 0
    restored = cast.alice.api.post(f"agents/{agent.id}/versions/1/restore/").json()
    assert (restored["agent"]["tools"][0]["description"], restored["agent"]["tools"][0]["tool_id"]) == ("Old", None)
    assert "shared" in restored["left_out"][0]


def test_a_change_of_the_library_that_would_break_an_agent_is_refused(cast: Cast) -> None:
    tool = make_tool(cast.alice)
    agent_with(cast.alice, {"tool_id": tool["id"]}, ECHO)
    refused = cast.alice.api.patch(f"tools/{tool['id']}/", {"name": "echo"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["agents"])
    assert Tool.objects.get().name == "shared"


def test_a_tool_of_another_workspace_cannot_be_had(cast: Cast) -> None:
    foreign = make_tool(cast.dave)
    agent = make_agent(cast.alice)
    assert patched(cast.alice, agent, {"tool_id": foreign["id"]}).status_code == 400
    stranger = make_agent(cast.dave)
    called = {"name": "ask", "type": "agent", "params": {"agent_id": str(stranger.id)}}
    assert patched(cast.alice, agent, called).status_code == 400


def test_secrets_go_in_and_never_come_out(cast: Cast) -> None:
    make_provider(cast.alice)
    secret = {"auth": {"token": SECRET}}
    made = make_tool(cast.alice, params=secret)
    assert made["params"] == {"auth": {"token": MASK}}
    assert cast.alice.api.get("tools/").json()["results"][0]["params"] == {"auth": {"token": MASK}}
    kept = cast.alice.api.patch(f"tools/{made['id']}/", {"params": made["params"]}).json()
    assert kept["params"] == {"auth": {"token": MASK}}
    agent = agent_with(cast.alice, {**ECHO, "params": secret}, {"tool_id": made["id"]})
    read = cast.alice.api.get(f"agents/{agent.id}/").json()
    assert [each["params"] for each in read["tools"]] == [{"auth": {"token": MASK}}] * 2
    assert patched(cast.alice, agent, *read["tools"]).json()["revision"] == read["revision"]
    cast.alice.api.post(f"agents/{agent.id}/publish/", {})
    version = AgentVersion.objects.get()
    everything = [
        str(version.content), str(version.snapshot.definition), cast.alice.api.get(f"agents/{agent.id}/export/").content.decode(),
        str(AgentTool.objects.values()), str(Tool.objects.values()), str(AuditEntry.objects.values()),
        cast.alice.api.get(f"agents/{agent.id}/versions/1/").content.decode(),
    ]  # fmt: skip
    assert not [text for text in everything if SECRET in text]
    assert {row.values["auth.token"] for row in Credential.objects.all()} == {SECRET}


def test_agents_that_would_call_themselves_are_refused(cast: Cast) -> None:
    one, two, three = (make_agent(cast.alice, name=name) for name in ("One", "Two", "Three"))

    def calling(agent: Agent) -> dict[str, Any]:
        return {"name": "ask", "type": "agent", "params": {"agent_id": str(agent.id)}}

    assert patched(cast.alice, one, calling(one)).status_code == 400
    assert patched(cast.alice, one, calling(two)).status_code == 200
    shared = make_tool(cast.alice, name="ask", type="agent", params={"agent_id": str(three.id)})
    assert patched(cast.alice, two, {"tool_id": shared["id"]}).status_code == 200
    refused = patched(cast.alice, three, calling(one))
    assert "itself" in refused.json()["errors"]["tools"][0]
    turned = cast.alice.api.patch(f"tools/{shared['id']}/", {"params": {"agent_id": str(one.id)}})
    assert (turned.status_code, "itself" in str(turned.json()["errors"])) == (400, True)
    chain = [make_agent(cast.alice, name=f"Deep {number}") for number in range(7)]
    answers = [patched(cast.alice, a, calling(b)).status_code for a, b in reversed(list(pairwise(chain)))]
    assert answers == [200, 200, 200, 200, 200, 400]


def test_an_agent_that_is_called_is_published_pinned_and_missed(cast: Cast) -> None:
    make_provider(cast.alice)
    expert = make_agent(cast.alice, name="Expert", model="fake/m", instructions="Old")
    agent = agent_with(cast.alice, {"name": "ask", "type": "agent", "params": {"agent_id": str(expert.id)}})
    refused = cast.alice.api.post(f"agents/{agent.id}/publish/", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "unpublished_targets")
    assert cast.alice.api.post(f"agents/{agent.id}/publish/", {"with_targets": True}).status_code == 201
    frozen = AgentVersion.objects.get(agent=agent)
    assert (frozen.pins, list(frozen.snapshot.definition["targets"])) == ({str(expert.id): 1}, [str(expert.id)])


def test_clones_exports_and_imports_have_the_tools(cast: Cast) -> None:
    make_provider(cast.alice)
    tool = make_tool(cast.alice, params={"auth": {"token": SECRET}})
    expert = make_agent(cast.alice, name="Expert", model="fake/m")
    ask = {"name": "ask", "type": "agent", "params": {"agent_id": str(expert.id)}}
    agent = agent_with(cast.alice, {"tool_id": tool["id"]}, ECHO, ask)
    clone = cast.alice.api.post(f"agents/{agent.id}/clone/", {}).json()
    assert [(each["name"], each["tool_id"]) for each in clone["tools"]] == [
        ("shared", tool["id"]),
        ("echo", None),
        ("ask", None),
    ]
    assert not {each["id"] for each in clone["tools"]} & {str(row.id) for row in AgentTool.objects.filter(agent=agent)}
    document = cast.alice.api.get(f"agents/{agent.id}/export/").json()
    assert any("credential" in each for each in document["removed"])
    assert len(document["agents"]) == 2
    script = cast.alice.api.get(f"agents/{agent.id}/export/?format=python").content.decode()
    assert 'expert_agent.as_tool(tool_name="ask"' in script
    for each in ("shared (probe)", "echo (probe)"):
        assert f"# Not in this script: the tool {each}." in script
    compile(script, "agent.py", "exec")
    make_provider(cast.dave)
    document["agents"][0]["tools"].append({**ECHO, "name": "odd", "type": "unheard_of"})
    report = cast.dave.api.post("agents/import/", {"document": document})
    assert report.status_code == 201, report.content
    assert [each["becomes"] for each in report.json()["tools"]] == ["imported", "imported", "imported", "left_out"]
    assert [each["path"] for each in report.json()["left_out"]] == ["agents[0].tools[3]"]
    made = Agent.objects.get(workspace_id=cast.dave.workspace_id, name="Porter")
    imported = {row.name: row for row in made.tools.all()}
    assert set(imported) == {"shared", "echo", "ask"}
    other = Agent.objects.get(workspace_id=cast.dave.workspace_id, name="Expert")
    assert imported["ask"].params == {"agent_id": str(other.id)}
    assert imported["shared"].credential_id is None


def test_the_preview_and_the_warnings_know_the_tools(cast: Cast, settings: Settings) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9/v1"
    make_provider(cast.alice)
    agent = agent_with(cast.alice, {**ECHO, "description": "Says it."})
    sent = cast.alice.api.get(f"agents/{agent.id}/preview/").json()
    assert [(tool["name"], tool["description"]) for tool in sent["tools"]] == [("echo", "Says it.")]
    assert sent["tools"][0]["parameters"]["required"] == ["text"]
    assert sent["tokens"]["tools"] > 20
    local = cast.alice.api.patch(f"agents/{agent.id}/", {"model": f"local/{LOCAL_MODEL}"})
    assert local.status_code == 200, local.content
    assert ("tools", "error") in [(each["code"], each["severity"]) for each in local.json()["warnings"]]
    refused = cast.alice.api.post(f"agents/{agent.id}/publish/", {})
    assert (refused.status_code, refused.json()["code"]) == (422, "capability")


def test_the_types_say_what_they_may_do_and_cost(cast: Cast, probe: Probe) -> None:
    probe.missing = "Not on this machine."
    rows = {row["type"]: row for row in cast.carol.api.get("agents/tools/available/?limit=100").json()["results"]}
    assert {"agent", "llm", "probe"} <= set(rows)
    assert (rows["probe"]["permissions"], rows["probe"]["unavailable"]) == (["reads_untrusted"], "Not on this machine.")
    assert rows["agent"]["credits_per_call"] == "0.0000"
    assert rows["llm"]["params_schema"]["required"] == ["prompt"]
    refused = cast.alice.api.post("tools/", ECHO)
    assert refused.json()["errors"] == {"type": ["Not on this machine."]}


def test_lists_of_tools_take_as_many_queries_however_long_they_are(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [make_tool(cast.alice, name=f"t{n}", params={"auth": {"token": SECRET}})["id"] for n in range(12)]
    agent = agent_with(cast.alice, *({"tool_id": each} for each in ids))
    for path in ("tools/", f"agents/{agent.id}/tools/"):
        with django_assert_max_num_queries(12):
            assert cast.alice.api.get(path).json()["count"] == 12
    assert [row["name"] for row in cast.alice.api.get("tools/?search=t1&ordering=-name").json()["results"]] == [
        "t11",
        "t10",
        "t1",
    ]
