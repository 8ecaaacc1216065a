"""Published versions: they never change, runs choose among them, drafts are compared with them and restored from them."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Agent, AgentVersion
from community.models import AuditEntry
from tests.agents.world import make_agent, make_provider, start
from tests.cast import Cast, Person


def publish(person: Person, agent: Agent, **body: Any) -> Any:
    return person.api.post(f"agents/{agent.id}/publish/", body)


def hand_over(person: Person, agent: Agent, *targets: Agent) -> None:
    handoffs = [{"target_agent_id": str(target.id)} for target in targets]
    assert person.api.patch(f"agents/{agent.id}/", {"handoffs": handoffs}).status_code == 200


@pytest.fixture
def agent(cast: Cast) -> Agent:
    make_provider(cast.alice)
    return make_agent(cast.alice, model="fake/m", instructions="Be kind.")


def test_publishing_makes_a_numbered_version_once_for_each_change(cast: Cast, agent: Agent) -> None:
    first = publish(cast.bob, agent, notes="First")
    assert (first.status_code, first.json()["version"], first.json()["notes"]) == (201, 1, "First")
    assert first.json()["published_by"]["id"] == str(cast.bob.user.id)
    again = publish(cast.bob, agent, notes="Nothing new")
    assert (again.status_code, again.json()["version"], again.json()["published"]) == (200, 1, [])
    cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": "Be short.", "tags": ["x"]})
    assert publish(cast.bob, agent).json()["version"] == 2
    read = cast.carol.api.get(f"agents/{agent.id}/").json()
    assert (read["version"], read["status"]) == (2, "active")
    rows = cast.carol.api.get(f"agents/{agent.id}/versions/").json()
    assert [row["version"] for row in rows["results"]] == [2, 1]
    one = cast.carol.api.get(f"agents/{agent.id}/versions/1/").json()
    assert (one["content"]["instructions"], one["pins"]) == ("Be kind.", {})
    assert cast.carol.api.get(f"agents/{agent.id}/versions/9/").status_code == 404
    assert AuditEntry.objects.filter(action="agent.publish", object_id=agent.id).count() == 2


def test_a_version_does_not_change(cast: Cast, agent: Agent) -> None:
    publish(cast.bob, agent)
    with pytest.raises(DatabaseError, match="do not change"), transaction.atomic():
        AgentVersion.objects.update(notes="Other")
    assert cast.bob.api.delete(f"agents/{agent.id}/").status_code == 204
    assert not AgentVersion.objects.exists()


def test_targets_must_be_published_and_are_pinned(cast: Cast, agent: Agent) -> None:
    target = make_agent(cast.alice, name="Desk", model="fake/m", instructions="Old")
    hand_over(cast.bob, agent, target)
    refused = publish(cast.bob, agent)
    assert (refused.status_code, refused.json()["code"]) == (409, "unpublished_targets")
    assert refused.json()["targets"] == [{"id": str(target.id), "name": "Desk"}]
    assert not AgentVersion.objects.exists()
    publish(cast.bob, target)
    assert publish(cast.bob, agent).json()["version"] == 1
    cast.bob.api.patch(f"agents/{target.id}/", {"instructions": "New"})
    frozen = AgentVersion.objects.get(agent=agent).snapshot.definition
    assert frozen["targets"][str(target.id)]["instructions"] == "Old"
    assert frozen["handoffs"][0]["tool_name"] == "transfer_to_desk"
    assert publish(cast.bob, agent).status_code == 200, "the target's draft is nobody's business"
    publish(cast.bob, target)
    assert publish(cast.bob, agent).json()["version"] == 2
    assert cast.bob.api.get(f"agents/{agent.id}/versions/2/").json()["pins"] == {str(target.id): 2}
    [change] = cast.bob.api.get(f"agents/{agent.id}/versions/1/diff/2/").json()["changes"]
    assert (change["path"].endswith(".version"), change["from"], change["to"]) == (True, 1, 2)


def test_a_circle_is_published_together_and_means_itself(cast: Cast, agent: Agent) -> None:
    other = make_agent(cast.alice, name="Desk", model="fake/m")
    third = make_agent(cast.alice, name="Third", model="fake/m")
    hand_over(cast.bob, agent, other)
    hand_over(cast.bob, other, agent, third)
    hand_over(cast.bob, third, third)
    made = publish(cast.bob, agent, with_targets=True)
    assert made.status_code == 201, made.content
    assert {(each["agent_id"], each["version"]) for each in made.json()["published"]} == {
        (str(each.id), 1) for each in (agent, other, third)
    }  # fmt: skip
    assert publish(cast.bob, agent, with_targets=True).status_code == 200
    cast.bob.api.patch(f"agents/{other.id}/", {"instructions": "Changed"})
    again = publish(cast.bob, agent, with_targets=True).json()
    assert {each["agent_id"] for each in again["published"]} == {str(agent.id), str(other.id)}
    version = AgentVersion.objects.get(agent=agent, number=2)
    assert version.pins == {str(other.id): 2}
    assert AgentVersion.objects.get(agent=other, number=2).pins == {str(agent.id): 2, str(third.id): 1}
    targets = version.snapshot.definition["targets"]
    assert targets.keys() == {str(agent.id), str(other.id), str(third.id)}
    assert targets[str(other.id)]["instructions"] == "Changed"


def test_nothing_is_published_where_one_of_them_cannot_be(cast: Cast, agent: Agent) -> None:
    other = make_agent(cast.alice, name="Desk", model="no-such-model")
    hand_over(cast.bob, agent, other)
    assert publish(cast.bob, agent, with_targets=True).status_code == 422
    assert not AgentVersion.objects.exists()
    Agent.objects.filter(id=other.id).update(status="inactive")
    off = publish(cast.bob, agent, with_targets=True)
    assert (off.status_code, off.json()["code"]) == (409, "agent_inactive")


def test_the_local_model_with_handoffs_is_saved_with_a_warning_and_not_published(cast: Cast, settings: Any) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9/v1"
    agent = make_agent(cast.alice, model="local/smollm2-135m-instruct")
    hand_over(cast.bob, agent, agent)
    assert cast.bob.api.get(f"agents/{agent.id}/").json()["warnings"][0]["code"] == "handoffs"
    refused = publish(cast.bob, agent, with_targets=True)
    assert (refused.status_code, refused.json()["code"]) == (422, "capability")


def test_a_version_is_restored_into_the_draft(cast: Cast, agent: Agent) -> None:
    target = make_agent(cast.alice, name="Desk", model="fake/m")
    hand_over(cast.bob, agent, target)
    contexts = [{"name": "EU", "content": {"shop": "Halden"}}]
    cast.bob.api.patch(f"agents/{agent.id}/", {"contexts": contexts, "instructions": "{{ context.shop }}"})
    publish(cast.bob, agent, with_targets=True)
    changes = {"contexts": [], "handoffs": [], "instructions": "New", "tags": ["kept"]}
    cast.bob.api.patch(f"agents/{agent.id}/", changes)
    diff = cast.carol.api.get(f"agents/{agent.id}/versions/1/diff/draft/").json()["changes"]
    assert {change["path"].split("[")[0] for change in diff} == {"instructions", "handoffs", "contexts"}
    before = cast.bob.api.get(f"agents/{agent.id}/").json()
    answer = cast.bob.api.post(f"agents/{agent.id}/versions/1/restore/").json()
    assert (answer["left_out"], answer["agent"]["revision"]) == ([], before["revision"] + 1)
    assert (answer["agent"]["instructions"], answer["agent"]["tags"]) == ("{{ context.shop }}", ["kept"])
    assert cast.carol.api.get(f"agents/{agent.id}/versions/draft/diff/1/").json()["changes"] == []
    cast.bob.api.patch(f"agents/{agent.id}/", changes)
    cast.bob.api.delete(f"agents/{target.id}/")
    left_out = cast.bob.api.post(f"agents/{agent.id}/versions/1/restore/").json()
    assert (len(left_out["left_out"]), left_out["agent"]["handoffs"]) == (1, [])


def test_lists_cost_the_same_for_many(
    cast: Cast, agent: Agent, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    targets = [make_agent(cast.alice, name=f"Desk {number}") for number in range(6)]
    hand_over(cast.bob, agent, *targets)
    contexts = [{"name": f"Shop {number}", "content": {"number": number}} for number in range(6)]
    cast.bob.api.patch(f"agents/{agent.id}/", {"contexts": contexts, "model": "fake/m"})
    for number in range(6):
        cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": f"Be {number}.", "handoffs": []})
        assert publish(cast.bob, agent).status_code == 201
    hand_over(cast.bob, agent, *targets)
    for name, count in (("versions", 6), ("handoffs", 6), ("contexts", 6)):
        with django_assert_max_num_queries(4):
            assert cast.carol.api.get(f"agents/{agent.id}/{name}/").json()["count"] == count


@pytest.mark.django_db(transaction=True)
def test_which_version_runs(cast: Cast, agent: Agent) -> None:
    def version(person: Person, **body: Any) -> Any:
        answer = person.api.post(
            f"agents/{agent.id}/run/", {"message": "Hi", **body}, headers={"Prefer": "respond-async"}
        )
        if answer.status_code != 202:
            return answer.status_code
        return person.api.get(f"runs/{answer.json()['run_id']}/").json()["version"]

    assert version(cast.carol) is None
    assert version(cast.carol, version="draft") is None
    assert version(cast.bob, version=1) == 404
    publish(cast.bob, agent)
    cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": "Be short."})
    publish(cast.bob, agent)
    cast.bob.api.patch(f"agents/{agent.id}/", {"instructions": "Be anything."})
    assert (version(cast.bob), version(cast.carol), version(cast.bob, version="draft")) == (2, 2, None)
    assert (version(cast.carol, version=1), version(cast.bob, version="1")) == (1, 1)
    assert (version(cast.carol, version="draft"), version(cast.bob, version="newest"), version(cast.bob, version=True)) == (
        403, 400, 400,
    )  # fmt: skip


def test_a_run_brings_its_context_along(cast: Cast, agent: Agent) -> None:
    contexts = [{"name": "EU", "content": {"shop": "Halden"}}, {"name": "US", "content": {"shop": "Fjell"}}]
    known = cast.bob.api.patch(f"agents/{agent.id}/", {"contexts": contexts}).json()["contexts"]
    assert start(cast.bob, agent).input["context"] == {"shop": "Halden"}
    assert start(cast.bob, agent, context_id=known[1]["id"]).input["context"] == {"shop": "Fjell"}
    publish(cast.bob, agent)
    cast.bob.api.patch(f"agents/{agent.id}/", {"contexts": []})
    assert start(cast.bob, agent, version=1, context_id=known[1]["id"]).input["context"] == {"shop": "Fjell"}
    assert "context" not in start(cast.bob, agent, version="draft").input
