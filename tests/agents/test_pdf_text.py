"""The words of PDFs for models that take none: read in a limited process, sent, paid for, or refused with the reason."""

from collections.abc import Iterator
from typing import Any

import pytest

from agent_app import pdf_text
from agent_app.pdf_text import read
from config.lib.errors import AppError
from tests.agents.pdf_world import locked, pdf, words
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.community.files_world import file_room, kept
from tests.fakes.openai_wire import FakeOpenAI

__all__ = ["file_room"]

LETTER = pdf(words("Dear Ann,"), words("the crane came on Tuesday."))
BOMB = pdf(words("Look here."), b" " * 200_000_000)


def test_a_pdf_is_read_page_by_page() -> None:
    found = read(LETTER)
    assert found.text == "[Page 1]\nDear Ann,\n\n[Page 2]\nthe crane came on Tuesday."
    assert (found.cut, found.problem) == (False, "")
    assert "Dear Ann" in read(locked(LETTER, "")).text, "closed, with no password"


def test_what_has_no_words_says_why() -> None:
    hostile = {
        LETTER[:300]: "broken", pdf(b"", b""): "wordless", locked(LETTER, "secret"): "encrypted",
        pdf(b" " * 100_000_000): "large",
    }  # fmt: skip
    assert [read(raw).problem for raw in hostile] == list(hostile.values())


def test_a_bomb_costs_no_memory_and_the_other_pages_are_read() -> None:
    assert len(BOMB) < 300_000
    found = read(BOMB)
    assert (found.text, found.cut, found.problem) == ("[Page 1]\nLook here.", True, "")


def test_a_page_that_keeps_the_processor_busy_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (4.0, 15.0):  # the latter where the machine is too busy even for the first page
        monkeypatch.setattr(pdf_text, "_PATIENCE", seconds)
        if (found := read(pdf(words("Quick."), b"q Q " * 5_000_000))).text:
            break
    assert (found.text, found.cut) == ("[Page 1]\nQuick.", True)


def test_a_long_text_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_text, "MOST_BYTES", 30)
    found = read(LETTER)
    assert (len(found.text), found.cut) == (30, True)


# In runs


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url)
        yield server


@pytest.mark.django_db(transaction=True)
def test_a_model_that_takes_no_pdf_gets_the_words_of_messages_and_agents_files(
    cast: Cast, provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent(cast.alice, model="fake/m", instructions="Help.")
    rules, letter = kept(cast.alice, "rules.pdf", pdf(words("Be brief."))), kept(cast.alice, "letter.pdf", LETTER)
    added = cast.bob.api.post(f"agents/{agent.id}/files/", {"file_id": str(rules.id)})
    assert added.status_code == 201
    run = execute(start(cast.alice, agent, "When did it come?", attachments=(letter.id,)))
    assert run.status == "succeeded"
    _system, own, asked = provider.exchanges[0].body["messages"]
    assert "[File “rules.pdf”]\n[Page 1]\nBe brief." in own["content"]
    question, said = asked["content"]
    assert question["text"] == "When did it come?"
    assert said["text"].startswith("[Attached file “letter.pdf”]\n[Page 1]\nDear Ann,")
    assert said["text"].endswith("crane came on Tuesday.\n[End of “letter.pdf”]")

    def unwanted(raw: bytes) -> Any:
        raise AssertionError("it is read once")

    monkeypatch.setattr(pdf_text, "read", unwanted)
    again = execute(start(cast.alice, agent, "And then?", conversation_id=run.conversation_id))
    assert again.status == "succeeded"
    assert "crane came on Tuesday" in str(provider.exchanges[1].body["messages"])
    shown = cast.carol.api.get(f"agents/{agent.id}/preview/").json()["files"][0]
    assert (shown["sent_as"], shown["whole"], shown["why"]) == ("text", True, "")


@pytest.mark.django_db
def test_one_that_cannot_be_read_is_refused_before_the_run_with_what_to_do(cast: Cast) -> None:
    make_provider(cast.alice)
    agent = make_agent(cast.alice, model="fake/m")
    file = kept(cast.alice, "locked.pdf", locked(LETTER, "secret"))
    for _twice in range(2):
        with pytest.raises(AppError) as caught:
            start(cast.alice, agent, attachments=(file.id,))
        assert (caught.value.status, caught.value.error_code) == (422, "capability")
        assert "“locked.pdf” is protected by a password" in caught.value.detail
    assert cast.alice.api.get("runs/").json()["count"] == 0
