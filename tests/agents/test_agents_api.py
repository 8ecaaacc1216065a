"""Agents over the API."""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Agent
from tests.agents.world import make_agent, make_provider, make_run
from tests.cast import Cast


def test_an_agent_is_made_read_changed_and_deleted(cast: Cast) -> None:
    made = cast.bob.api.post("agents/", {"name": "Porter", "instructions": "  Be kind.\n", "tags": ["a"]})
    assert made.status_code == 201
    body = made.json()
    assert (body["instructions"], body["revision"], body["status"]) == ("  Be kind.\n", 1, "draft")
    path = f"agents/{body['id']}/"
    assert cast.carol.api.get(path).json()["name"] == "Porter"
    changed = cast.bob.api.patch(path, {"name": "Doorman", "revision": 1})
    assert (changed.status_code, changed.json()["name"], changed.json()["revision"]) == (200, "Doorman", 2)
    assert cast.bob.api.delete(path).status_code == 204
    assert cast.bob.api.get(path).status_code == 404


@pytest.mark.parametrize(("who", "expected"), [("alice", 200), ("bob", 200), ("carol", 403), ("dave", 404)])
def test_who_may_change_it(cast: Cast, who: str, expected: int) -> None:
    agent = make_agent(cast.alice)
    api = getattr(cast, who).api
    assert api.patch(f"agents/{agent.id}/", {"name": "Mine"}).status_code == expected
    agent.refresh_from_db()
    assert (agent.name == "Mine") == (expected == 200)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_trailing_slash_does_not_matter(cast: Cast, slash: str) -> None:
    agent = make_agent(cast.alice)
    assert cast.alice.api.get(f"agents{slash}").status_code == 200
    assert cast.alice.api.post(f"agents{slash}", {"name": "x"}).status_code == 201
    assert cast.alice.api.patch(f"agents/{agent.id}{slash}", {"name": "x"}).status_code == 200


def test_missing_and_anothers_are_the_same(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answers = [cast.dave.api.request(method, f"agents/{each}/", {"name": "x"}) for each in (agent.id, uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert Agent.objects.filter(id=agent.id).exists()


def test_a_stale_revision_says_which_is_current_and_what_differs(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/"
    assert cast.bob.api.patch(path, {"name": "Bob's", "revision": 1}).status_code == 200
    stale = cast.alice.api.patch(path, {"name": "Alice's", "revision": 1})
    body = stale.json()
    assert (stale.status_code, body["code"], body["current_revision"]) == (409, "stale_revision", 2)
    assert body["changed"] == ["name"]
    agent.refresh_from_db()
    assert agent.name == "Bob's"


def test_saving_what_is_there_already_counts_no_revision(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    assert cast.alice.api.patch(f"agents/{agent.id}/", {"name": agent.name}).json()["revision"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"), ({"name": ""}, "name"), ({"name": "x" * 121}, "name"), ({"name": "x", "nmae": "y"}, "nmae"),
        ({"name": "x", "model_settings": {"temperature": 3}}, "model_settings"),
        ({"name": "x", "model_settings": {"heat": 1}}, "model_settings"), ({"name": "x", "status": "odd"}, "status"),
        ({"name": "x", "starters": ["s"] * 9}, "starters"), ({"name": "x", "tags": "a"}, "tags"),
    ],
)  # fmt: skip
def test_what_is_not_valid_is_named(cast: Cast, body: dict[str, object], field: str) -> None:
    answer = cast.alice.api.post("agents/", body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_model_nobody_has_is_refused_when_it_is_chosen(cast: Cast) -> None:
    make_provider(cast.alice)
    assert cast.alice.api.post("agents/", {"name": "x", "model": "fake/m"}).status_code == 201
    assert cast.alice.api.post("agents/", {"name": "x", "model": "none"}).status_code == 422
    assert cast.dave.api.post("agents/", {"name": "x", "model": "fake/m"}).status_code == 422


def test_deleting_a_busy_agent_is_refused(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    run = make_run(cast.alice, agent, status="running", finished_at=None)
    refused = cast.alice.api.delete(f"agents/{agent.id}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "agent_busy")
    run.delete()
    assert cast.alice.api.delete(f"agents/{agent.id}/").status_code == 204


def test_the_list_is_searched_filtered_ordered_and_paged(cast: Cast) -> None:
    for name, tags in (("Zebra", ["animal"]), ("Ant", ["animal"]), ("Rock", [])):
        make_agent(cast.alice, name=name, tags=tags)
    make_agent(cast.alice, name="Dodo", tags=["animal"], status="archived")
    make_agent(cast.dave, name="Ape", tags=["animal"])

    def names(**query: object) -> list[str]:
        return [row["name"] for row in cast.carol.api.get("agents/", query).json()["results"]]

    assert names(search="animal", ordering="name") == ["Ant", "Zebra"]
    assert names(status="archived") == ["Dodo"]
    assert (names(tag="animal", ordering="name"), names(tag="ani")) == (["Ant", "Zebra"], [])
    assert names(ordering="-name", limit=1, offset=1) == ["Rock"]
    refused = cast.carol.api.get("agents/", {"ordering": "password"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["ordering"])
    first = cast.carol.api.get("agents/", {"limit": 2}).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    assert first["next"]


def test_the_list_tells_the_last_run_and_costs_the_same_for_many(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        agent = make_agent(cast.alice, name=f"Agent {number}")
        make_run(cast.alice, agent)
        make_run(cast.alice, agent, status="failed")
    with django_assert_max_num_queries(3):
        rows = cast.alice.api.get("agents/").json()["results"]
    assert {row["last_run_status"] for row in rows} == {"failed"}
    assert len(rows) == 12
