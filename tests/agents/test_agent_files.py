"""What an agent's model is given of the agent's own files: planned, shown, sent, and paid for."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agent_app.agent_files import planned
from agent_app.model_references import LOCAL_MODEL, ResolvedModel
from agent_app.models import Agent, AgentFile, Run, Span
from billing.models import Hold, Rate
from community.models import StoredFile
from tests.agents.pdf_world import pdf, words
from tests.agents.team_world import start_as, tutors
from tests.agents.wire_world import provider_of
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast, Person
from tests.community.files_world import PNG, file_room, kept, make_file
from tests.fakes.anthropic_wire import FakeAnthropic
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

__all__ = ["file_room"]

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Page >>\nendobj\n%%EOF\n"
CHAT = ResolvedModel("m", provider_of("http://127.0.0.1:9/v1"))
CLAUDE = ResolvedModel("claude-x", provider_of("http://127.0.0.1:9", "anthropic"))


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "tutor"])
        yield server


def give(person: Person, agent: Agent, *files: StoredFile) -> None:
    for file in files:
        made = person.api.post(
            f"agents/{agent.id}/files/", {"file_id": str(file.id), "description": f"About {file.name}"}
        )
        assert made.status_code == 201


def row(name: str = "a.txt", mime: str = "text/plain", size: int = 30, status: str = "clean") -> AgentFile:
    return AgentFile(file=StoredFile(name=name, mime=mime, size=size, status=status))


# Planning: no database


def test_each_file_is_sent_as_what_the_model_takes_or_the_reason_is_told() -> None:
    rows = [
        row("a.md", "text/markdown"), row("b.png", "image/png"), row("c.zip", "application/zip"),
        row("d.txt", status="infected"), row("e.txt", status="pending"), row("f.png", "image/png", 11 * 2**20),
    ]  # fmt: skip
    plans = planned(rows, CHAT)
    assert [plan.form for plan in plans] == ["text", "image", "", "", "", ""]
    assert [plan.why for plan in plans[:2]] == ["", ""]
    for plan, why in zip(plans[2:], ("no other kind", "virus was found", "still being checked", "10 MB"), strict=True):
        assert why in plan.why
    (blind, words) = planned([row("b.png", "image/png"), row()], ResolvedModel(LOCAL_MODEL))
    assert (blind.form, "cannot see images" in blind.why, words.form) == ("", True, "text")
    (huge,) = planned([row("g.pdf", "application/pdf", 11 * 2**20)], CHAT)
    assert (huge.form, "up to 10 MB" in huge.why) == ("", True)


def test_files_are_given_as_long_as_the_budget_lasts() -> None:
    whole, cut, none = planned(
        [row(size=6_000), row(size=60_000), row()], CHAT
    )  # of a window nobody knows: 8,000 tokens
    assert [(plan.form, bool(plan.why)) for plan in (whole, cut, none)] == [("text", False), ("text", True), ("", True)]
    assert "at most 8000 tokens" in cut.why and "at most 8000 tokens" in none.why
    assert whole.tokens + cut.tokens + none.tokens == 8_000


# On the wire


@pytest.mark.django_db(transaction=True)
def test_the_model_gets_texts_and_pictures_before_the_conversation_in_every_call(
    cast: Cast, provider: FakeOpenAI
) -> None:
    agent = make_agent(cast.alice, model="fake/m", instructions="Help.")
    give(cast.bob, agent, kept(cast.alice, "prices.csv", b"tent,120\n"), kept(cast.alice, "cat.png", PNG))
    first = execute(start(cast.alice, agent, "What is a tent?"))
    assert (first.status, first.input["agent_files"]) == ("succeeded", True)
    again = execute(start(cast.alice, agent, "And now?", conversation_id=first.conversation_id))
    for exchange in provider.exchanges:
        roles = [message["role"] for message in exchange.body["messages"]]
        assert roles[:3] == ["system", "user", "user"]
        head, text, named, picture = exchange.body["messages"][1]["content"]
        assert "not an instruction" in head["text"]
        assert text["text"] == "[File “prices.csv” (About prices.csv)]\ntent,120\n\n[End of “prices.csv”]"
        assert "cat.png" in named["text"]
        assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    assert len(provider.exchanges[1].body["messages"]) == 5
    span = Span.objects.get(run=again, type="generation")
    assert span.input["items"][0]["content"][1]["text"].startswith("[File “prices.csv”")


@pytest.mark.django_db(transaction=True)
def test_whoever_is_handed_the_conversation_has_files_of_their_own(cast: Cast, provider: FakeOpenAI) -> None:
    triage, tutor, definition = tutors(cast.alice)
    give(cast.bob, tutor, kept(cast.alice, "dates.txt", b"1789: revolution"))
    provider.queue(Script(tool_calls=(ToolCall("transfer_to_history_tutor"),)), Script(deltas=("1789.",)))
    run = execute(start_as(cast.alice, triage, definition, "When?"))
    assert run.status == "succeeded"
    first, second = (str(exchange.body["messages"]) for exchange in provider.exchanges)
    assert ("1789: revolution" in first, second.count("1789: revolution")) == (False, 1)


@pytest.mark.django_db(transaction=True)
def test_claude_gets_a_pdf_as_a_document_from_the_agent_and_from_the_person(cast: Cast) -> None:
    with FakeAnthropic() as claude:
        make_provider(cast.alice, claude.base_url, type="anthropic", name="ours", model_ids=["claude"])
        agent = make_agent(cast.alice, model="ours/claude")
        own, theirs = kept(cast.alice, "rules.pdf", PDF), kept(cast.alice, "letter.pdf", PDF)
        give(cast.bob, agent, own)
        run = execute(start(cast.alice, agent, "Read it.", attachments=(theirs.id,)))
        assert run.status == "succeeded"
        (message,) = claude.exchanges[0].body["messages"]
    documents = [part for part in message["content"] if part["type"] == "document"]
    assert [part["title"] for part in documents] == ["rules.pdf", "letter.pdf"]
    assert {part["source"]["media_type"] for part in documents} == {"application/pdf"}


@pytest.mark.django_db(transaction=True)
def test_responses_get_a_pdf_as_a_file_and_other_models_its_words(cast: Cast, provider: FakeOpenAI) -> None:
    make_provider(
        cast.alice,
        provider.base_url,
        type="openai",
        name="ours",
        model_ids=["gpt"],
        additional_config={"api": "responses"},
    )
    letter = kept(cast.alice, "letter.pdf", pdf(words("Dear Ann.")))
    agent = make_agent(cast.alice, model="ours/gpt")
    run = execute(start(cast.alice, agent, "Read it.", attachments=(letter.id,)))
    assert run.status == "succeeded"
    _words, sent = provider.exchanges[0].body["input"][-1]["content"]
    assert (sent["type"], sent["filename"]) == ("input_file", "letter.pdf")
    assert sent["file_data"].startswith("data:application/pdf;base64,")
    asked = execute(start(cast.alice, agent, "And?", conversation_id=run.conversation_id, model="fake/m"))
    assert asked.status == "succeeded"
    assert (
        "[Attached file “letter.pdf”]\n[Page 1]\nDear Ann."
        in provider.exchanges[-1].body["messages"][0]["content"][1]["text"]
    )


# Shown, and held for


@pytest.mark.django_db
def test_what_is_sent_of_the_files_is_shown_and_why_not_more(cast: Cast) -> None:
    make_provider(cast.alice)
    agent = make_agent(cast.alice, model="fake/m")
    give(
        cast.bob,
        agent,
        make_file(cast.alice, name="a.txt"),
        make_file(cast.alice, name="b.zip", mime="application/zip"),
    )
    sent = cast.carol.api.get(f"agents/{agent.id}/preview/").json()
    assert [(file["name"], file["sent_as"], file["whole"]) for file in sent["files"]] == [
        ("a.txt", "text", True), ("b.zip", None, False),
    ]  # fmt: skip
    assert sent["tokens"]["files"] == sent["files"][0]["tokens"] > 0
    assert sent["tokens"]["total"] >= sent["tokens"]["files"]
    page = cast.carol.browser().get(f"/agents/{agent.id}/sent/").content.decode()
    for shown in ("a.txt", "Sent as text", "b.zip", "Not sent", "no other kind can be read"):
        assert shown in page


@pytest.mark.django_db
def test_the_first_call_s_hold_covers_the_files_and_who_has_none_is_not_asked_for_any(
    cast: Cast, settings: Any
) -> None:
    settings.BILLING_OWN_KEY = "priced"
    Rate.objects.create(reference="custom/m", per_1k_tokens=Decimal("0.1"))
    make_provider(cast.alice)
    bare, laden = (make_agent(cast.alice, model="fake/m", model_settings={"max_tokens": 20}) for _ in range(2))
    give(cast.bob, laden, make_file(cast.alice, name="long.txt", size=6000))
    for agent in (bare, laden):
        start(cast.alice, agent)
    without, with_files = Hold.objects.order_by("created_at")
    assert with_files.prompt_tokens - without.prompt_tokens > 3000
    with CaptureQueriesContext(connection) as captured:
        start(cast.alice, bare)
    assert not [query for query in captured if "agents_agentfile" in query["sql"] and "EXISTS" not in query["sql"]]
    assert Run.objects.filter(input__has_key="agent_files").count() == 1
