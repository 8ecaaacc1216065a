"""Runs over the API once they exist: listed, found, looked at, cancelled."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Conversation, Run
from tests.agents.world import followed, make_agent, make_provider, make_run, start
from tests.cast import Cast


def listed(cast: Cast, **query: object) -> list[str]:
    """The ``name`` in the metadata of each listed run."""
    answer = cast.alice.api.get("runs/", query)
    assert answer.status_code == 200, answer.content
    return [row["metadata"]["name"] for row in answer.json()["results"]]


def add(cast: Cast, name: str, age: int = 0, **fields: Any) -> Run:
    agent = fields.pop("agent", None) or make_agent(cast.alice)
    run = make_run(cast.alice, agent, metadata={"name": name}, **fields)
    Run.objects.filter(id=run.id).update(created_at=timezone.now() - timedelta(minutes=age))
    return run


def test_the_latest_comes_first_and_pages_follow(cast: Cast) -> None:
    for age, name in enumerate("abc"):
        add(cast, name, age)
    make_run(cast.dave, make_agent(cast.dave), metadata={"name": "dave's"})
    page = cast.alice.api.get("runs", {"limit": 2}).json()
    assert (page["count"], len(page["results"]), page["previous"]) == (3, 2, None)
    assert "offset=2" in page["next"]
    assert listed(cast, limit=2, offset=2) == ["c"]
    assert listed(cast) == ["a", "b", "c"]


def test_runs_that_another_run_started_are_not_listed(cast: Cast) -> None:
    add(cast, "child", parent=add(cast, "parent"))
    assert listed(cast) == ["parent"]


def test_it_is_filtered_and_searched(cast: Cast) -> None:
    porter, cook = make_agent(cast.alice, name="Porter"), make_agent(cast.alice, name="Cook")
    talk = Conversation.objects.create(workspace_id=cast.alice.workspace_id, agent=cook, created_by=cast.alice.user)
    add(cast, "door", 0, agent=porter, input={"message": "Open the 50% door"})
    add(cast, "soup", 1, agent=cook, input={"message": "Soup?"}, status="failed", conversation=talk)
    assert listed(cast, agent_id=cook.id) == ["soup"]
    assert listed(cast, status="failed") == ["soup"]
    assert listed(cast, conversation_id=talk.id) == ["soup"]
    assert listed(cast, search="50% DOOR") == ["door"]
    assert listed(cast, search="50_ door") == []
    assert listed(cast, search="cook") == ["soup"]
    assert listed(cast, agent_id=porter.id, status="failed") == []


def test_each_filter_keeps_what_it_names(cast: Cast) -> None:
    porter = make_agent(cast.alice, name="Porter", tags=["door", "night"])
    add(cast, "old", 3 * 24 * 60, agent=porter, version=2, source="api", model="fake/m")
    add(cast, "bobs", 1, source="test", actor_id=cast.bob.user.id, credits=Decimal("0.5"), trace_id="trace_abc")
    add(cast, "broken", 2, status="failed", reason="tool_error", error={"code": "tool_error", "error": "Oh."})
    today = timezone.now() - timedelta(days=1)
    for query, names in (
        ({"version": 2}, ["old"]),
        ({"version": "draft"}, ["bobs", "broken"]),
        ({"source": "test"}, ["bobs"]),
        ({"actor": cast.bob.user.id}, ["bobs"]),
        ({"has_error": "true"}, ["broken"]),
        ({"has_error": "false"}, ["bobs", "old"]),
        ({"reason": "tool_error"}, ["broken"]),
        ({"model": "fake/m"}, ["old"]),
        ({"tag": "night"}, ["old"]),
        ({"min_credits": "0.5"}, ["bobs"]),
        ({"since": today.isoformat()}, ["bobs", "broken"]),
        ({"until": today.isoformat()}, ["old"]),
        ({"search": "trace_abc"}, ["bobs"]),
        ({"search": Run.objects.get(reason="tool_error").id}, ["broken"]),
        ({"source": "api", "since": today.isoformat()}, ["broken"]),
    ):
        assert listed(cast, **query) == names, query


def test_it_is_sorted(cast: Cast) -> None:
    for age, (name, credits) in enumerate((("a", "0.5"), ("b", "2"), ("c", "1"))):
        add(cast, name, age, credits=Decimal(credits))
    assert listed(cast, ordering="created_at") == ["c", "b", "a"]
    assert listed(cast, ordering="-credits") == ["b", "c", "a"]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "odd"},
        {"ordering": "id"},
        {"ordering": "agent__workspace"},
        {"agent_id": "x"},
        {"version": "new"},
        {"version": "9999999999"},
        {"actor": "me"},
        {"reason": "odd"},
        {"has_error": "yes"},
        {"source": "odd"},
        {"min_credits": "-1"},
        {"min_credits": "NaN"},
        {"since": "yesterday"},
        {"until": "2026-13-01"},
    ],
)
def test_what_it_does_not_know_is_refused(cast: Cast, query: dict[str, str]) -> None:
    refused = cast.alice.api.get("runs/", query)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, list(query))


def test_the_list_costs_the_same_for_many(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        add(cast, str(number), agent=make_agent(cast.alice, name=f"Agent {number}"), output="Done.")
    with django_assert_max_num_queries(4):
        assert len(listed(cast)) == 12


def test_a_run_shows_what_it_cost_and_why_it_ended(cast: Cast) -> None:
    error = {"code": "provider_error", "error": "The provider said no."}
    run = add(
        cast, "a", status="failed", reason="provider_error", error=error, credits=Decimal("0.25"), prompt_tokens=3
    )
    seen = cast.carol.api.get(f"runs/{run.id}").json()
    assert (seen["status"], seen["reason"], seen["error"]) == ("failed", "provider_error", error)
    assert (seen["usage"]["credits"], seen["usage"]["total_tokens"]) == ("0.2500", 3)
    assert (seen["output"], seen["messages"], seen["approvals"]) == (None, [], [])


@pytest.mark.django_db(transaction=True)
def test_cancelling_a_queued_run_ends_it_at_once_and_once(cast: Cast) -> None:
    make_provider(cast.alice)
    run = start(cast.alice, make_agent(cast.alice, model="fake/m"))
    answers = [cast.carol.api.post(f"runs/{run.id}/cancel{slash}") for slash in ("", "/")]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "cancelled")] * 2
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["reason"] == "user_cancelled"
    assert [(event.seq, event.type) for event in followed(run)] == [(1, "run_finished")]


@pytest.mark.parametrize("status", ["succeeded", "partial", "failed"])
def test_what_has_ended_cannot_be_cancelled(cast: Cast, status: str) -> None:
    run = add(cast, "a", status=status)
    refused = cast.alice.api.post(f"runs/{run.id}/cancel/")
    assert (refused.status_code, refused.json()["code"], refused.json()["run_status"]) == (409, "run_ended", status)


def test_another_workspaces_run_is_not_there(cast: Cast) -> None:
    run = add(cast, "a")
    assert cast.dave.api.get(f"runs/{run.id}/").status_code == 404
    assert cast.dave.api.post(f"runs/{run.id}/cancel/").status_code == 404
