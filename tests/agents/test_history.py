"""What of a conversation is sent: pure choosing. Messages here weigh what their text says."""

import ast
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agent_app.attachments import Content, decoded, shortened
from agent_app.engine import history
from agent_app.engine.history import Policy, choose, fitting, input_items, most_tokens, policy_of
from agent_app.models import Message


def said(text: str) -> list[Message]:
    """``u1 a2 u3``: a person's message of weight 1, an answer of weight 2, a person's of weight 3."""
    roles = {"u": "user", "a": "assistant"}
    return [Message(role=roles[word[0]], content=word) for word in text.split()]


def weight(message: Message) -> int:
    return int(message.content[1:])


def kept(text: str, policy: Policy) -> str:
    return " ".join(message.content for message in choose(said(text), policy, weight).kept)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy("all"), "u1 a2 u3 a4 u5"),
        (Policy("last_n", n=0), "u5"),
        (Policy("last_n", n=2), "u3 a4 u5"),
        (Policy("last_n", n=3), "u3 a4 u5"),  # not from an answer on
        (Policy("last_n", n=1), "u5"),
        (Policy("last_n", n=99), "u1 a2 u3 a4 u5"),
        (Policy("token_budget", tokens=0), "u5"),
        (Policy("token_budget", tokens=7), "u3 a4 u5"),
        (Policy("token_budget", tokens=9), "u3 a4 u5"),
        (Policy("token_budget", tokens=10), "u1 a2 u3 a4 u5"),
        (Policy("summarise", tokens=10), "u1 a2 u3 a4 u5"),
    ],
)
def test_a_policy_keeps_the_newest_and_always_the_last(policy: Policy, expected: str) -> None:
    assert kept("u1 a2 u3 a4 u5", policy) == expected


@pytest.mark.parametrize("kind", history.POLICIES)
@pytest.mark.parametrize("text", ["", "u9", "u99"])
def test_a_conversation_without_history_is_what_it_is(kind: str, text: str) -> None:
    assert kept(text, Policy(kind, n=1, tokens=1)) == text


def test_what_does_not_fit_leaves_no_hole() -> None:
    assert [message.content for message in fitting(said("u1 a9 u1"), 5, weight)] == ["u1"]


@pytest.mark.parametrize(
    ("definition", "policy"),
    [
        ({}, Policy()),
        ({"history": None}, Policy()),
        ({"history": {"policy": "forget"}}, Policy()),
        ({"history": {"policy": "last_n", "n": 3}}, Policy("last_n", n=3)),
        ({"history": {"policy": "token_budget", "tokens": 100}}, Policy("token_budget", tokens=100)),
    ],
)
def test_a_definition_without_a_policy_sends_everything(definition: dict[str, Any], policy: Policy) -> None:
    assert policy_of(definition) == policy


def test_what_is_too_long_is_summarised_but_for_its_newest_half() -> None:
    messages = said("u2 a2 u2 a2 u2 a2 u1")
    chosen = choose(messages, Policy("summarise", tokens=8), weight)
    assert [len(chosen.older), len(chosen.kept), chosen.summary] == [4, 3, ""]
    assert chosen.older + chosen.kept == messages


def test_a_summary_is_used_again_until_the_rest_is_too_long() -> None:
    messages = said("u2 a2 u2 a2 u1")
    policy, until = Policy("summarise", tokens=4), messages[1].id
    again = choose(messages, policy, weight, summary="Before.", until=until)
    assert (again.summary, again.older, again.kept) == ("Before.", [], messages[2:])
    longer = [*messages[:-1], *said("u1 a1 u1")]
    more = choose(longer, policy, weight, summary="Before.", until=until)
    assert more.summary == "Before."
    assert (more.older, more.kept) == (longer[2:4], longer[4:])


def test_a_summary_of_another_branch_is_not_believed() -> None:
    messages = said("u1 a1 u1")
    chosen = choose(messages, Policy("summarise", tokens=9), weight, summary="Elsewhere.", until=uuid4())
    assert (chosen.summary, chosen.kept) == ("", messages)


@pytest.mark.parametrize("kind", history.POLICIES)
@pytest.mark.parametrize("size", [1, 3, 20])
def test_what_is_held_is_never_less_than_what_is_sent(kind: str, size: int) -> None:
    messages = said(" ".join(["u5", "a9"] * size + ["u7"]))
    policy = Policy(kind, n=4, tokens=30)
    chosen = choose(messages, policy, weight)
    sent = sum(weight(message) + 4 for message in chosen.kept) + (history.SUMMARY_TOKENS if chosen.older else 0)
    assert sent <= most_tokens(messages, policy, weight)


# Files


def with_file(name: str = "notes.txt", **content: Any) -> tuple[Message, dict[Any, Content]]:
    file_id = uuid4()
    return Message(role="user", content="Look", attachments=[file_id]), {file_id: Content(name, **content)}


def parts(message: Message, files: dict[Any, Content], **options: Any) -> list[dict[str, Any]]:
    items: Any = input_items([message], files=files, **options)
    return list(items[0]["content"])


def test_the_persons_words_stay_word_for_word_beside_a_file() -> None:
    words, file = parts(*with_file(text="a,b\n1,2"))
    assert words == {"type": "input_text", "text": "Look"}
    assert file["text"] == "[Attached file “notes.txt”]\na,b\n1,2\n[End of “notes.txt”]"


def test_an_image_goes_to_a_model_that_sees_and_is_named_to_one_that_does_not() -> None:
    message, files = with_file("cat.png", image="data:image/png;base64,AA==")
    assert parts(message, files)[1] == {
        "type": "input_image",
        "image_url": "data:image/png;base64,AA==",
        "detail": "auto",
    }
    assert "You cannot see images" in parts(message, files, sees=False)[1]["text"]


def test_a_file_that_is_gone_is_said_to_be_gone() -> None:
    message, _files = with_file()
    assert "not available any more" in parts(message, {})[1]["text"]


def test_a_file_is_shortened_to_the_models_window_and_that_is_said() -> None:
    message, files = with_file(text="word " * 5000)
    shown = parts(message, files, budget=500)[1]["text"]
    assert "shortened" in shown
    assert history.tokens.estimate(shown) <= 500
    assert "shortened" in parts(*with_file(text="cut before", cut=True))[1]["text"]


def test_a_summary_comes_first() -> None:
    items: Any = input_items(said("u1"), summary="They met.")
    assert [item["content"] for item in items] == ["[Summary of the conversation so far]\nThey met.", "u1"]


def test_text_is_decoded_and_cut_between_characters() -> None:
    assert decoded("grün".encode("utf-16")) == "grün"
    assert decoded("\ufeffgrün".encode()) == "grün"
    assert decoded(b"gr\xfcn") == "gr\ufffdn"
    assert shortened("grün", 3) == ("gr", True)
    assert shortened("grün", 5) == ("grün", False)
    assert shortened("grün", -5) == ("", True)


def test_choosing_needs_no_sdk() -> None:
    tree = ast.parse(Path(history.__file__).read_text())
    loaded = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agents")
    ]
    assert loaded == []
