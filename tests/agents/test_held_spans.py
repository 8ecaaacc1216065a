"""Spans that wait until an answer was checked: what is left of them, and what is not."""

from typing import Any

from agent_app.engine.held_spans import HeldSpans
from agent_app.runs.spans import Recorded

CALL = {"type": "function_call", "name": "think", "arguments": "{}"}


def said(*texts: str) -> list[Any]:
    return [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]} for text in texts
    ]


def through(held: HeldSpans, asked: str, output: Any, **fields: Any) -> Recorded:
    """One span from its beginning to its end."""
    given = {"instructions": "Be kind.", "items": [{"role": "user", "content": asked}]}
    span = Recorded(**{"type": "generation", "name": "m", "input": given} | fields)
    held.opens(span)
    span.output = output
    held.takes(span)
    return span


def test_what_was_called_stays_and_what_was_said_goes_with_what_was_asked_after_it() -> None:
    held = HeldSpans()
    first = through(held, "hello", [CALL])
    second = through(held, "and then", [{"type": "reasoning", "summary": ["secret"]}, *said("secret"), CALL])
    third = through(held, "secret", said("more"))
    judge = through(held, "secret", said("It is a secret-keeper."), step="check:1")
    assert held.give(withheld=True) == [first, second, third, judge]
    assert (first.output, first.input["items"][0]["content"]) == ([CALL], "hello")
    assert second.input["items"][0]["content"] == "and then"
    assert (len(second.output), second.output[1], "secret" in str(second.output)) == (2, CALL, False)
    assert "secret" not in str((third.input, third.output, judge.input))
    assert (third.input["instructions"], judge.output) == ("Be kind.", said("It is a secret-keeper."))
    assert held.give() == []


def test_what_passes_stays_as_it_is_and_tools_do_not_wait() -> None:
    held = HeldSpans()
    span, tool = through(held, "hello", said("fine")), Recorded(type="tool", name="think")
    assert not held.takes(tool)
    assert held.give() == [span]
    assert (span.output, span.input["items"][0]["content"]) == (said("fine"), "hello")


def test_a_judge_before_the_answer_and_one_that_fails_are_told_apart_from_it() -> None:
    held = HeldSpans()
    through(held, "hello", said("verdict"), step="check:1")
    failed = through(held, "hello", None)
    after = through(held, "secret", said("secret"))
    held.give(withheld=True)
    assert failed.input["items"][0]["content"] == "hello"
    assert "secret" not in str(after.input), "of a call that has failed nobody knows what it had said"


def test_reasoning_alone_can_be_forgotten() -> None:
    held = HeldSpans()
    span = through(held, "hello", [{"type": "reasoning", "summary": ["secret"]}, *said("fine")])
    held.forget_reasoning()
    assert (held.give(), span.output) == ([span], said("fine"))


def test_what_was_lost_stays_out_of_what_was_asked_later_even_where_that_passes() -> None:
    held = HeldSpans(said=True, lost=True)
    span = through(held, "secret, answer again", said("fine"))
    held.give()
    assert ("secret" in str(span.input), span.output) == (False, said("fine"))
