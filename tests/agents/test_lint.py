"""Suggestions about instructions: each is about something, and good instructions get none."""

from typing import Any

import pytest

from agent_app.definition.lint import suggestions

GOOD = (
    "You settle refunds for {{ context.shop }}. Greet {{ user.name }} by name once.\n"
    "1. Find the order with order_lookup before you promise anything.\n2. Above 150 €, hand over to a colleague."
)


def codes(text: str, names: tuple[str, ...] = (), **content: Any) -> list[str]:
    return [each.code for each in suggestions({"instructions": text, **content}, names)]


def test_good_instructions_get_none() -> None:
    assert codes(GOOD, ("order_lookup",)) == []


@pytest.mark.parametrize(
    ("text", "content", "code"),
    [
        (" ", {}, "empty"), ("Be kind.", {}, "no_goal"), ("You help people in our shop. " * 600, {}, "long"),
        ("Use the key sk-abcdefghijklmnop1234 to call it now.", {}, "secret"),
        ("You greet {user.name} whenever they write.", {}, "single_brace"),
        ("You are a helper for [your company] and its customers.", {}, "placeholder"),
        ("You answer questions and use @stock_level to look up stock.", {}, "tool_missing"),
        ("You answer questions after you search the web for them.", {}, "tool_missing"),
        ("You find out what it is about and hand over to Billing.", {}, "no_handoff"),
        ("You take out facts and answer in Markdown with a heading.", {"output_type": {"type": "object"}}, "output_type"),
        ("You are an expert. Be short. Be detailed in every answer.", {}, "contradiction"),
    ],
)  # fmt: skip
def test_what_is_found(text: str, content: dict[str, Any], code: str) -> None:
    assert code in codes(text, **content)


def test_it_says_where() -> None:
    text = "You answer questions and use @stock_level to look up stock."
    [found] = suggestions({"instructions": text})
    assert text[found.start : found.end] == "@stock_level"
    assert suggestions({"instructions": text}, ["stock_level"]) == []
