"""Conversations over the API."""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Conversation, Message
from agent_app.services import conversations
from tests.agents.world import actor_of, make_agent, make_run
from tests.cast import Cast, Person


def make_conversation(person: Person, title: str = "Parcel", **fields: object) -> Conversation:
    agent = fields.pop("agent", None) or make_agent(person)
    conversation = Conversation.objects.create(
        workspace_id=person.workspace_id, agent=agent, title=title, created_by=person.user, **fields
    )
    for number, role in enumerate(("user", "assistant")):
        Message.objects.create(
            workspace_id=person.workspace_id, conversation=conversation, role=role, content=f"{title} {number}"
        )
    return conversation


def test_messages_come_in_the_order_they_were_said(cast: Cast) -> None:
    conversation = make_conversation(cast.alice)
    page = cast.alice.api.get(f"conversations/{conversation.id}/messages").json()
    assert [(row["role"], row["content"]) for row in page["results"]] == [
        ("user", "Parcel 0"),
        ("assistant", "Parcel 1"),
    ]
    assert page["count"] == 2


@pytest.mark.parametrize("slash", ["", "/"])
def test_it_is_renamed_pinned_and_deleted(cast: Cast, slash: str) -> None:
    path = f"conversations/{make_conversation(cast.alice).id}{slash}"
    body = cast.alice.api.patch(path, {"title": "New", "pinned": True}).json()
    assert (body["title"], body["pinned"]) == ("New", True)
    assert cast.alice.api.delete(path).status_code == 204
    assert cast.alice.api.get(path).status_code == 404


def test_unknown_fields_are_refused(cast: Cast) -> None:
    answer = cast.alice.api.patch(f"conversations/{make_conversation(cast.alice).id}/", {"name": "x"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["name"])


def test_one_is_made_empty_filled_by_runs_and_replaced(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    made = cast.alice.api.post("conversations/", {"agent_id": agent.id, "pinned": True})
    assert (made.status_code, made.json()["title"], made.json()["pinned"]) == (201, "", True)
    message = conversations.message_add(
        actor=actor_of(cast.alice), agent=agent, text="Where is it?", conversation_id=made.json()["id"],
        parent_message_id=None, run_id=make_run(cast.alice, agent).id, draft=False,
    )  # fmt: skip
    path = f"conversations/{made.json()['id']}/"
    assert (message.parent_id, cast.alice.api.get(path).json()["title"]) == (None, "Where is it?")
    assert cast.alice.api.put(path, {"title": "Parcel"}).status_code == 400
    assert cast.alice.api.put(path, {"title": "Parcel", "pinned": False}).json()["title"] == "Parcel"
    stranger = make_agent(cast.dave)
    for wrong, status in (({}, 400), ({"agent_id": stranger.id}, 404), ({"agent_id": agent.id, "x": 1}, 400)):
        assert cast.alice.api.post("conversations/", wrong).status_code == status


def test_missing_and_anothers_are_the_same(cast: Cast) -> None:
    conversation = make_conversation(cast.alice)
    for path in ("conversations/{}/", "conversations/{}/messages/"):
        answers = [cast.dave.api.get(path.format(each)) for each in (conversation.id, uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert cast.dave.api.delete(f"conversations/{conversation.id}/").status_code == 404


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_a_colleague_cannot_open_or_change_it(cast: Cast, who: str) -> None:
    conversation = make_conversation(cast.alice)
    colleague, path = getattr(cast, who), f"conversations/{conversation.id}/"
    asked = [colleague.api.get(path), colleague.api.get(f"{path}messages/"), colleague.api.patch(path, {"title": "x"})]
    assert [answer.status_code for answer in [*asked, colleague.api.delete(path)]] == [404] * 4
    page = colleague.browser().get(f"/agents/{conversation.agent_id}/chat/{conversation.id}/")
    assert page.status_code == 404
    conversation.refresh_from_db()
    assert conversation.title == "Parcel"


def test_a_colleague_sees_the_run_but_no_way_into_the_conversation(cast: Cast) -> None:
    conversation = make_conversation(cast.alice)
    run = make_run(cast.alice, conversation.agent, conversation=conversation, output="On its way.")
    way_in = f"/agents/{conversation.agent_id}/chat/{conversation.id}/"
    assert way_in in cast.alice.browser().get(f"/runs/{run.id}/").content.decode()
    seen = cast.bob.browser().get(f"/runs/{run.id}/").content.decode()
    assert "On its way." in seen
    assert way_in not in seen
    assert cast.bob.api.get(f"runs/{run.id}/").json()["output"] == "On its way."


def test_one_that_is_being_answered_is_not_deleted(cast: Cast) -> None:
    conversation = make_conversation(cast.alice)
    make_run(cast.alice, conversation.agent, conversation=conversation, status="queued", finished_at=None)
    refused = cast.alice.api.delete(f"conversations/{conversation.id}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "conversation_busy")


def test_the_list_is_the_persons_own_searched_and_filtered(cast: Cast) -> None:
    parcel, song = make_conversation(cast.alice), make_conversation(cast.alice, "Song", pinned=True)
    make_conversation(cast.bob, "Bob's")
    make_conversation(cast.alice, "Test chat", draft=True)

    def titles(**query: object) -> list[str]:
        return [row["title"] for row in cast.alice.api.get("conversations/", query).json()["results"]]

    assert titles() == ["Song", "Parcel"]
    assert titles(search="song 1") == ["Song"]
    assert titles(search="parcel") == ["Parcel"], "once, however many of its messages fit"
    assert (titles(pinned="true"), titles(pinned="false")) == (["Song"], ["Parcel"])
    assert titles(agent_id=parcel.agent_id) == ["Parcel"]
    assert titles(limit=1, offset=1) == ["Parcel"]
    assert cast.alice.api.get("conversations/", {"agent_id": "x"}).status_code == 400
    assert song.pinned


def test_the_lists_cost_the_same_for_many(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    agent = make_agent(cast.alice)
    talks = [make_conversation(cast.alice, f"Talk {number}", agent=agent) for number in range(10)]
    with django_assert_max_num_queries(3):
        assert len(cast.alice.api.get("conversations/").json()["results"]) == 10
    with django_assert_max_num_queries(5):
        assert len(cast.alice.api.get(f"conversations/{talks[0].id}/messages/").json()["results"]) == 2
