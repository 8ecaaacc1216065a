"""Showing a conversation to the world: a copy at an address nobody can guess, until it is taken back."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from agent_app.models import Message, Share
from community.models import AuditEntry, Membership, Role, Workspace
from community.services.erasure import person_erase
from tests.agents.page_world import HTMX, World, make_world
from tests.cast import Cast


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast.alice, answer="It is <b>on</b> its **way**.")


def share(cast: Cast, world: World, **data: Any) -> Any:
    return cast.alice.api.post(f"conversations/{world.conversation.id}/share/", data)


def public(url: str) -> Any:
    """What somebody without an account sees."""
    return Client().get(url)


def say(world: World, text: str) -> Message:
    conversation = world.conversation
    message = Message.objects.create(
        workspace_id=conversation.workspace_id, conversation=conversation, role="user", content=text, parent=conversation.head
    )  # fmt: skip
    conversation.head = message
    conversation.save()
    return message


def test_anybody_with_the_link_reads_the_copy(cast: Cast, world: World) -> None:
    answer = share(cast, world)
    assert (answer.status_code, answer.json()["messages"]) == (201, 2)
    page = public(answer.json()["url"])
    text = page.content.decode()
    assert page.status_code == 200
    assert "Lost parcel" in text
    assert "Where is &lt;b&gt;it&lt;/b&gt;?" in text
    assert "<strong>way</strong>" in text
    assert "<b>on</b>" not in text


def test_no_search_engine_and_no_cache_keeps_it(cast: Cast, world: World) -> None:
    page = public(share(cast, world).json()["url"])
    assert "noindex" in page["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex' in page.content.decode()
    assert page["Cache-Control"] == "no-store"


def test_instructions_reasoning_costs_and_ids_are_not_in_it(cast: Cast, world: World) -> None:
    Message.objects.filter(id=world.run.message_id).update(reasoning="secret thoughts", usage={"credits": "7.7777"})
    url = share(cast, world).json()["url"]
    text = public(url).content.decode()
    kept = str(Share.objects.get().snapshot)
    inside = (world.agent.instructions, "secret thoughts", "7.7777", str(world.run.id), str(world.agent.id), "Alice")
    for secret in inside:
        assert secret not in text
        assert secret not in kept


def test_what_was_shared_stays_what_it_was_until_it_is_copied_anew(cast: Cast, world: World) -> None:
    url = share(cast, world).json()["url"]
    say(world, "My street is Elm Street 9.")
    Message.objects.filter(id=world.run.message_id).update(content="Changed")
    again = share(cast, world)
    assert (again.status_code, again.json()["url"], again.json()["messages"]) == (200, url, 2)
    assert "Elm Street" not in public(url).content.decode()
    assert "Changed" not in public(url).content.decode()
    renewed = share(cast, world, refresh=True)
    assert (renewed.status_code, renewed.json()["url"], renewed.json()["messages"]) == (200, url, 3)
    assert "Elm Street" in public(url).content.decode()


def test_a_revoked_link_is_dead_and_the_next_one_is_another(cast: Cast, world: World) -> None:
    path = f"conversations/{world.conversation.id}/share/"
    first = share(cast, world).json()["url"]
    assert cast.alice.api.get(path).json()["url"] == first
    assert cast.alice.api.delete(path).status_code == 204
    assert cast.alice.api.delete(path).status_code == 404
    assert cast.alice.api.get(path).json()["code"] == "not_shared"
    assert public(first).status_code == 404
    assert Share.objects.get().snapshot == {}
    second = share(cast, world).json()["url"]
    assert second != first
    assert (public(first).status_code, public(second).status_code) == (404, 200)


def test_a_link_cannot_be_guessed_from_an_id(cast: Cast, world: World) -> None:
    url = share(cast, world).json()["url"]
    shared = Share.objects.get()
    signature = url.rstrip("/").rpartition(".")[2]
    other = Share.objects.create(
        workspace_id=shared.workspace_id, conversation=make_world(cast.alice).conversation, shared_at=shared.shared_at,
        snapshot=shared.snapshot,
    )  # fmt: skip
    guesses = (
        f"{shared.id.hex}",
        str(shared.id),
        f"{other.id.hex}.{signature}",
        f"{shared.id.hex}.x",
        f"x.{signature}",
    )
    assert {public(f"/shared/{guess}/").status_code for guess in guesses} == {404}


def test_nothing_is_shown_once_the_conversation_or_its_workspace_is_gone(cast: Cast, world: World) -> None:
    url = share(cast, world).json()["url"]
    Workspace.objects.filter(id=cast.alice.workspace_id).update(closed_at=world.run.finished_at)
    assert public(url).status_code == 404
    Workspace.objects.filter(id=cast.alice.workspace_id).update(closed_at=None)
    assert public(url).status_code == 200
    assert cast.alice.api.delete(f"conversations/{world.conversation.id}/").status_code == 204
    assert public(url).status_code == 404


def test_a_person_who_is_erased_shows_nothing_any_more(cast: Cast) -> None:
    world = make_world(cast.bob, answer="Mine")
    url = cast.bob.api.post(f"conversations/{world.conversation.id}/share/").json()["url"]
    person_erase(user=cast.bob.user)
    assert public(url).status_code == 404


@pytest.mark.parametrize("who", ["bob", "carol", "dave"])
def test_nobody_else_shares_sees_or_revokes_it(cast: Cast, world: World, who: str) -> None:
    path, person = f"conversations/{world.conversation.id}/share/", getattr(cast, who)
    assert person.api.post(path).status_code == 404
    share(cast, world)
    assert [person.api.get(path).status_code, person.api.delete(path).status_code] == [404, 404]
    assert Share.objects.get().revoked_at is None


def test_an_admin_takes_a_colleagues_link_back(cast: Cast) -> None:
    world = make_world(cast.bob, answer="Ours")
    path = f"conversations/{world.conversation.id}/share/"
    url = cast.bob.api.post(path).json()["url"]
    assert cast.alice.api.post(path).status_code == 404
    assert cast.alice.api.delete(path).status_code == 204
    assert public(url).status_code == 404


def test_a_viewer_shares_nothing_but_takes_back_what_they_shared_before(cast: Cast) -> None:
    world = make_world(cast.bob, answer="Mine")
    path = f"conversations/{world.conversation.id}/share/"
    cast.bob.api.post(path)
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.bob.workspace_id).update(role=Role.VIEWER)
    assert cast.bob.api.post(path, {"refresh": True}).status_code == 403
    assert cast.bob.api.delete(path).status_code == 204


def test_an_empty_conversation_and_one_that_is_not_there_are_not_shared(cast: Cast, world: World) -> None:
    world.conversation.head = None
    world.conversation.save()
    refused = share(cast, world)
    assert (refused.status_code, refused.json()["code"]) == (409, "empty")
    assert not Share.objects.exists()
    assert cast.alice.api.post(f"conversations/{uuid4()}/share/").status_code == 404


def test_sharing_and_revoking_are_audited_without_content(cast: Cast, world: World) -> None:
    share(cast, world)
    cast.alice.api.delete(f"conversations/{world.conversation.id}/share/")
    entries = AuditEntry.objects.filter(action__startswith="conversation.").order_by("created_at")
    assert [entry.action for entry in entries] == ["conversation.share", "conversation.unshare"]
    assert {entry.object_id for entry in entries} == {world.conversation.id}
    assert "parcel" not in str([entry.after for entry in entries])


def test_the_page_makes_shows_and_revokes_the_link(cast: Cast, world: World) -> None:
    browser, path = cast.alice.browser(), f"/conversations/{world.conversation.id}/share/"
    assert "Make a link" in browser.get(path, headers=HTMX).content.decode()
    made = browser.post(path, {"do": "share"}, headers=HTMX).content.decode()
    url = cast.alice.api.get(f"conversations/{world.conversation.id}/share/").json()["url"]
    assert f'value="{url}"' in made
    assert "<html" not in made
    assert "<html" in browser.get(path).content.decode()
    assert browser.post(path, {"do": "publish"}).status_code == 400
    browser.post(path, {"do": "revoke"})
    assert public(url).status_code == 404
