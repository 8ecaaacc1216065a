"""Files at messages: who may attach which, which models take them, and what a model gets."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from agent_app.models import Agent, Conversation, Message, Run
from billing.models import LedgerEntry
from config.lib.errors import AppError
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast, Person
from tests.community.files_world import PNG, file_room, kept, make_file
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

__all__ = ["file_room"]


def refused(person: Person, agent: Agent, *ids: Any, **fields: Any) -> tuple[int, str]:
    with pytest.raises(AppError) as caught:
        start(person, agent, attachments=ids, **fields)
    assert not Message.objects.exists(), "nothing has happened"
    return caught.value.status, caught.value.error_code


@pytest.fixture
def seeing(cast: Cast) -> Agent:
    make_provider(cast.alice)
    return make_agent(cast.alice, model="fake/m")


@pytest.mark.django_db
def test_only_files_of_the_workspace_that_are_there_and_clean_are_attached(cast: Cast, seeing: Agent) -> None:
    theirs, gone = make_file(cast.dave), make_file(cast.alice)
    assert cast.alice.api.delete(f"files/{gone.id}/").status_code == 204
    pending, bad = make_file(cast.alice, status="pending"), make_file(cast.alice, status="infected")
    assert [refused(cast.alice, seeing, each) for each in (theirs.id, gone.id, uuid4())] == [(404, "not_found")] * 3
    assert refused(cast.alice, seeing, pending.id) == (409, "file_pending")
    assert refused(cast.alice, seeing, bad.id) == (409, "file_infected")


@pytest.mark.django_db
def test_what_a_model_cannot_read_is_refused_before_the_run(cast: Cast, seeing: Agent, settings: Any) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9"
    blind = make_agent(cast.alice, model="local/smollm2-135m-instruct")
    picture = make_file(cast.alice, name="cat.png", mime="image/png")
    assert refused(cast.alice, blind, picture.id) == (422, "capability")
    large = make_file(cast.alice, mime="application/pdf", size=11 * 2**20)
    assert refused(cast.alice, seeing, large.id) == (422, "capability")
    huge = make_file(cast.alice, mime="image/png", size=11 * 2**20)
    assert refused(cast.alice, seeing, huge.id) == (422, "capability")
    answer = cast.alice.api.request("GET", "runs/").json()
    assert answer["count"] == 0
    run = start(cast.alice, seeing, attachments=(picture.id, picture.id))
    assert run.user_message is not None
    assert run.user_message.attachments == [picture.id], "each once"


@pytest.mark.django_db
def test_answering_again_keeps_the_files_and_asks_again_whether_they_can_be_read(
    cast: Cast, seeing: Agent, settings: Any
) -> None:
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:9"
    picture = make_file(cast.alice, name="cat.png", mime="image/png")
    first = start(cast.alice, seeing, "What is it?", attachments=(picture.id,))
    Run.objects.filter(id=first.id).update(status="succeeded", finished_at=first.created_at)
    again: dict[str, Any] = {"conversation_id": first.conversation_id, "parent_message_id": first.user_message_id}
    with pytest.raises(AppError) as caught:
        start(cast.alice, seeing, "What is it?", model="local/smollm2-135m-instruct", **again)
    assert (caught.value.status, caught.value.error_code) == (422, "capability")
    edited = start(cast.alice, seeing, "And now?", **again)
    assert edited.user_message is not None
    assert edited.user_message.attachments == [picture.id]
    Run.objects.filter(id=edited.id).update(status="succeeded", finished_at=first.created_at)
    bare = start(cast.alice, seeing, "What is it?", attachments=(), **again)
    assert bare.user_message is not None
    assert bare.user_message.attachments == []


@pytest.mark.django_db
def test_messages_name_their_files(cast: Cast, seeing: Agent) -> None:
    notes = make_file(cast.alice, name="notes.txt")
    run = start(cast.alice, seeing, attachments=(notes.id,))
    row = cast.alice.api.get(f"conversations/{run.conversation_id}/messages/").json()["results"][0]
    assert row["attachments"] == [str(notes.id)]
    assert row["files"] == [{"id": str(notes.id), "name": "notes.txt", "size": 5, "mime": "text/plain"}]
    page = cast.alice.browser().get(f"/agents/{seeing.id}/chat/{run.conversation_id}/").content.decode()
    assert "notes.txt" in page


# On the wire


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.mark.django_db(transaction=True)
def test_the_model_gets_the_words_the_text_and_the_picture(cast: Cast, provider: FakeOpenAI) -> None:
    make_provider(cast.alice, provider.base_url)
    agent = make_agent(cast.alice, model="fake/m")
    notes, cat = kept(cast.alice, "notes.txt", b"Grus"), kept(cast.alice, "cat.png", PNG)
    run = execute(start(cast.alice, agent, "Look\n", attachments=(notes.id, cat.id)))
    assert run.status == "succeeded"
    words, text, picture = provider.exchanges[0].body["messages"][-1]["content"]
    assert words == {"type": "text", "text": "Look\n"}
    assert "Grus" in text["text"]
    assert picture["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.mark.django_db(transaction=True)
def test_a_long_conversation_is_summarised_once_paid_for_and_used_again(cast: Cast, provider: FakeOpenAI) -> None:
    make_provider(cast.alice, provider.base_url)
    agent = make_agent(cast.alice, model="fake/m")
    first = execute(start(cast.alice, agent, "Long ago " * 40))
    conversation = Conversation.objects.get(id=first.conversation_id)

    def go_on(text: str) -> Run:
        run = start(cast.alice, agent, text, conversation_id=conversation.id)
        assert run.snapshot is not None
        run.snapshot.refresh_from_db()
        run.snapshot.definition["history"] = {"policy": "summarise", "tokens": 40}
        run.snapshot.save()
        return execute(run)

    provider.queue(Script(deltas=("They spoke of long ago.",)), Script(deltas=("Yes.",)))
    run = go_on("And then?")
    assert (run.status, run.output) == ("succeeded", "Yes.")
    asked, answered = (exchange.body["messages"] for exchange in provider.exchanges[-2:])
    assert "Long ago" in asked[-1]["content"]
    assert [each["content"] for each in answered][-2:] == [
        "[Summary of the conversation so far]\nThey spoke of long ago.", "And then?"
    ]  # fmt: skip
    conversation.refresh_from_db()
    assert conversation.summary == "They spoke of long ago."
    steps = LedgerEntry.objects.filter(run_id=run.id, kind="charge").values_list("reference", flat=True)
    assert {step.partition("/")[2] for step in steps} == {"turn:1", "turn:2"}
    asked_so_far = len(provider.exchanges)
    go_on("Go on.")
    assert len(provider.exchanges) == asked_so_far + 1
    assert "They spoke of long ago." in str(provider.exchanges[-1].body["messages"])
