"""Renaming, pinning, deleting and forking a conversation, and switching between its branches."""

from typing import NamedTuple

import pytest

from agent_app.models import Conversation, Message, Run
from config.lib.ids import uuid7
from tests.agents.page_world import HTMX, World, make_world
from tests.cast import Cast


class Tree(NamedTuple):
    """A question, answered twice; below the first answer the talk went on. The second answer is shown."""

    world: World
    question: Message
    first: Message
    follow_up: Message
    second: Message


@pytest.fixture
def tree(cast: Cast) -> Tree:
    world = make_world(cast.alice, answer="First answer")
    question, first = world.conversation.messages.order_by("id")
    common = {"workspace_id": cast.alice.workspace_id, "conversation": world.conversation}
    follow_up = Message.objects.create(role="user", content="Go on", parent=first, **common)
    second = Message.objects.create(role="assistant", content="Second answer", parent=question, **common)
    Conversation.objects.filter(id=world.conversation.id).update(head=second)
    return Tree(world, question, first, follow_up, second)


def address(tree: Tree, what: str = "") -> str:
    return f"/conversations/{tree.world.conversation.id}/{what}"


def page_of(tree: Tree) -> str:
    return f"/agents/{tree.world.agent.id}/chat/{tree.world.conversation.id}/"


def test_the_versions_of_an_answer_are_counted(cast: Cast, tree: Tree) -> None:
    page = cast.alice.browser().get(page_of(tree)).content.decode()
    assert "2 / 2" in page
    assert f'value="{tree.first.id}"' in page
    assert "Second answer" in page
    assert "First answer" not in page


def test_another_version_is_shown_with_all_that_followed_it(cast: Cast, tree: Tree) -> None:
    browser = cast.alice.browser()
    fragment = browser.post(address(tree, "branch/"), {"message": str(tree.first.id)}, headers=HTMX).content.decode()
    assert "First answer" in fragment
    assert "Go on" in fragment
    assert "Second answer" not in fragment
    assert "<html" not in fragment
    tree.world.conversation.refresh_from_db()
    assert tree.world.conversation.head_id == tree.follow_up.id


def test_a_browser_without_scripts_is_sent_back_to_the_conversation(cast: Cast, tree: Tree) -> None:
    answer = cast.alice.browser().post(address(tree, "branch/"), {"message": str(tree.first.id)})
    assert answer.headers["Location"] == page_of(tree)


def test_only_messages_of_the_conversation_can_be_shown(cast: Cast, tree: Tree) -> None:
    other = make_world(cast.alice)
    browser = cast.alice.browser()
    for message in (other.conversation.head_id, uuid7()):
        assert browser.post(address(tree, "branch/"), {"message": str(message)}).status_code == 404
    assert browser.post(address(tree, "branch/"), {"message": "nonsense"}).status_code == 400
    tree.world.conversation.refresh_from_db()
    assert tree.world.conversation.head_id == tree.second.id


def test_the_branch_stays_while_an_answer_is_being_written(cast: Cast, tree: Tree) -> None:
    Run.objects.filter(id=tree.world.run.id).update(status="running", finished_at=None)
    assert cast.alice.browser().post(address(tree, "branch/"), {"message": str(tree.first.id)}).status_code == 409


def test_a_fork_begins_with_copies_and_leaves_the_first_alone(cast: Cast, tree: Tree) -> None:
    browser = cast.alice.browser()
    answer = browser.post(address(tree, "fork/"), {"message": str(tree.first.id)})
    fork = Conversation.objects.exclude(id=tree.world.conversation.id).get()
    assert answer.headers["Location"] == f"/agents/{tree.world.agent.id}/chat/{fork.id}/"
    assert [message.content for message in fork.messages.order_by("id")] == [tree.question.content, "First answer"]
    assert fork.messages.order_by("id").last().id == fork.head_id  # type: ignore[union-attr]
    assert fork.title == "Lost parcel (fork)"
    assert tree.world.conversation.messages.count() == 4
    assert "First answer" in browser.get(answer.headers["Location"]).content.decode()


def test_a_conversation_is_renamed(cast: Cast, tree: Tree) -> None:
    browser = cast.alice.browser()
    assert 'value="Lost parcel"' in browser.get(address(tree, "change/"), headers=HTMX).content.decode()
    assert browser.post(address(tree, "change/"), {"title": "Found parcel"}).headers["Location"] == page_of(tree)
    assert "Found parcel" in browser.get(page_of(tree)).content.decode()
    assert browser.post(address(tree, "change/"), {"title": " "}).status_code == 422
    tree.world.conversation.refresh_from_db()
    assert tree.world.conversation.title == "Found parcel"


def test_a_pinned_conversation_stands_first_and_keeps_its_name(cast: Cast, tree: Tree) -> None:
    browser = cast.alice.browser()
    browser.post(address(tree, "change/"), {"pinned": "1"})
    listed = browser.get(f"/agents/{tree.world.agent.id}/chat/", headers=HTMX).content.decode()
    assert listed.index("Pinned") < listed.index("Lost parcel")
    browser.post(address(tree, "change/"), {"pinned": "0"})
    listed = browser.get(f"/agents/{tree.world.agent.id}/chat/", headers=HTMX).content.decode()
    assert "Pinned" not in listed
    assert "Today" in listed


def test_deleting_asks_first_with_what_goes_with_it(cast: Cast, tree: Tree) -> None:
    browser = cast.alice.browser()
    question = browser.get(address(tree, "delete/"), headers=HTMX).content.decode()
    assert "4 messages" in question
    assert "1 run" in question
    assert Conversation.objects.filter(id=tree.world.conversation.id).exists()
    answer = browser.post(address(tree, "delete/"))
    assert answer.headers["Location"] == f"/agents/{tree.world.agent.id}/chat/"
    assert not Conversation.objects.filter(id=tree.world.conversation.id).exists()


def test_a_conversation_that_is_being_answered_is_not_deleted(cast: Cast, tree: Tree) -> None:
    Run.objects.filter(id=tree.world.run.id).update(status="running", finished_at=None)
    browser = cast.alice.browser()
    assert "under way" in browser.get(address(tree, "delete/")).content.decode()
    assert browser.post(address(tree, "delete/")).status_code == 409
    assert Conversation.objects.filter(id=tree.world.conversation.id).exists()


@pytest.mark.parametrize("what", ["change/", "delete/", "branch/", "fork/"])
def test_another_workspaces_conversation_does_not_exist(cast: Cast, tree: Tree, what: str) -> None:
    data = {"message": str(tree.first.id), "title": "Mine", "pinned": "1"}
    assert cast.dave.browser().post(address(tree, what), data).status_code == 404
    conversation = Conversation.objects.get()
    assert (conversation.title, conversation.pinned, conversation.head_id) == ("Lost parcel", False, tree.second.id)


def test_the_list_names_the_conversation_that_has_just_begun(cast: Cast, tree: Tree) -> None:
    path = f"/agents/{tree.world.agent.id}/chat/"
    begun = {"conversation": str(tree.world.conversation.id)}
    fragment = cast.alice.browser().get(path, begun, headers=HTMX).content.decode()
    assert 'id="conversation-title" hx-swap-oob="true">Lost parcel' in fragment
    assert address(tree, "delete/") in fragment
    assert cast.dave.browser().get(path, begun, headers=HTMX).status_code == 404
