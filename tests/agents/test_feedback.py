"""Thumbs on answers: one for each person and answer, changed and taken back, counted for whoever edits the agent."""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Feedback
from tests.agents.page_world import World, make_world
from tests.cast import Cast


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast.alice, answer="Yes.")


def address(world: World, message: object = None) -> str:
    return f"conversations/{world.conversation.id}/messages/{message or world.run.message_id}/feedback/"


def test_a_thumb_stands_at_its_answer(cast: Cast, world: World) -> None:
    given = cast.alice.api.put(address(world), {"rating": "down", "reason": "  Too vague. "}).json()
    assert (given["rating"], given["reason"]) == ("down", "Too vague.")
    rows = cast.alice.api.get(f"conversations/{world.conversation.id}/messages/").json()["results"]
    assert [row["feedback"] and row["feedback"]["rating"] for row in rows] == [None, "down"]


def test_it_is_changed_and_taken_back(cast: Cast, world: World) -> None:
    for rating in ("up", "down", "down"):
        assert cast.alice.api.put(address(world), {"rating": rating}).status_code == 200
    assert Feedback.objects.get().rating == "down"
    assert [cast.alice.api.delete(address(world)).status_code for _twice in range(2)] == [204, 204]
    assert not Feedback.objects.exists()


def test_only_answers_of_the_conversation_are_rated(cast: Cast, world: World) -> None:
    question, other = world.run.user_message_id, make_world(cast.alice, answer="No.")
    for message in (question, other.run.message_id, uuid4()):
        assert cast.alice.api.put(address(world, message), {"rating": "up"}).status_code == 404
    assert cast.alice.api.put(address(world), {"rating": "maybe"}).json()["errors"].keys() == {"rating"}
    assert cast.alice.api.put(address(world), {"rating": "up", "reason": "x" * 1001}).status_code == 400
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("who", ["bob", "carol", "dave"])
def test_nobody_else_rates_it(cast: Cast, world: World, who: str) -> None:
    assert getattr(cast, who).api.put(address(world), {"rating": "up"}).status_code == 404


def test_editors_see_the_agents_thumbs_and_their_sums(cast: Cast, world: World) -> None:
    cast.alice.api.put(address(world), {"rating": "down", "reason": "Wrong street"})
    path = f"agents/{world.agent.id}/feedback/"
    seen = cast.bob.api.get(path).json()
    assert seen["summary"] == {"up": 0, "down": 1}
    assert [(row["reason"], row["run_id"]) for row in seen["results"]] == [("Wrong street", str(world.run.id))]
    assert cast.bob.api.get(path, {"rating": "up"}).json()["results"] == []
    assert cast.bob.api.get(path, {"rating": "sideways"}).status_code == 400
    assert cast.carol.api.get(path).status_code == 403
    assert cast.dave.api.get(path).status_code == 404


def test_the_list_costs_the_same_for_many(
    cast: Cast, world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(5):
        other = make_world(cast.alice, answer="Yes.")
        Feedback.objects.create(
            workspace_id=cast.alice.workspace_id, message_id=other.run.message_id, agent=world.agent, author=cast.alice.user,
            rating="up",
        )  # fmt: skip
    with django_assert_max_num_queries(5):
        assert len(cast.bob.api.get(f"agents/{world.agent.id}/feedback/").json()["results"]) == 5


def test_the_run_page_shows_it_to_editors(cast: Cast, world: World) -> None:
    cast.alice.api.put(address(world), {"rating": "down", "reason": "Wrong street"})
    assert "Wrong street" in cast.bob.browser().get(f"/runs/{world.run.id}/").content.decode()
    assert "Wrong street" not in cast.carol.browser().get(f"/runs/{world.run.id}/").content.decode()


def test_the_chat_shows_the_persons_thumb(cast: Cast, world: World) -> None:
    page = f"/agents/{world.agent.id}/chat/{world.conversation.id}/"
    browser = cast.alice.browser()
    assert 'data-feedback-rating-value=""' in browser.get(page).content.decode()
    cast.alice.api.put(address(world), {"rating": "up"})
    assert 'data-feedback-rating-value="up"' in browser.get(page).content.decode()
