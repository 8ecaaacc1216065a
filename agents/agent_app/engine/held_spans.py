"""Spans of an answer that nobody has checked yet, and what is left of them where it is withheld.

A guardrail that takes an answer back takes it out of the trace as well. So what tells of the answer (model calls, and what the
next agent was given) is not stored or exported before it was checked.
"""

from dataclasses import dataclass, field
from typing import Any

from agent_app.runs.spans import Recorded

CHECK = "check"  # what the steps of judges are called on the bill
WITHHELD = "[withheld]"
_TELLING = ("agent", "generation")
_QUESTION = [{"role": "user", "content": WITHHELD}]
_ANSWER = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": WITHHELD}]}


@dataclass(slots=True)
class HeldSpans:
    """``said``: from now on, models are given what nobody has checked; ``lost``: of that, something will never be checked."""

    said: bool = False
    lost: bool = False
    let_go: bool = False
    _spans: list[Recorded] = field(default_factory=list)

    def opens(self, span: Recorded) -> None:
        span.after_unchecked = self.said

    def takes(self, span: Recorded) -> bool:
        """Whether a span that has ended waits here."""
        if self.let_go or span.type not in _TELLING:
            return False
        self._spans.append(span)
        if span.type == "generation" and not _judges(span) and _says(span.output):
            self.said = True
        return True

    def holds_child_of(self, parent: Recorded) -> bool:
        return any(span.parent_id == parent.id for span in self._spans)

    def give(self, *, withheld: bool = False) -> list[Recorded]:
        """All that waits; ``withheld``: without what was said."""
        spans, self._spans = self._spans, []
        for span in spans:
            self.clean(span, withheld=withheld)
            if withheld and span.type == "generation" and not _judges(span):
                span.output = _without_words(span.output)
        return spans

    def clean(self, span: Recorded, *, withheld: bool) -> None:
        """What a span was given: also that of an agent which still speaks."""
        if (withheld or self.lost) and span.after_unchecked:
            span.input = _asked_without_words(span.input)

    def forget_reasoning(self) -> None:
        """The answer may be shown, but not how its models came to it."""
        for span in self._spans:
            span.output = _without_reasoning(span.output)
            if isinstance(span.input, dict) and "items" in span.input:
                span.input = {**span.input, "items": _without_reasoning(span.input["items"])}


def _judges(span: Recorded) -> bool:
    """What a judge says is no part of the answer; what it is asked may be."""
    return span.step.startswith(CHECK)


def _says(output: Any) -> bool:
    """Whether there are words in it; of a call that has failed nobody knows."""
    if not isinstance(output, list):
        return True
    return any(_kind(item) in ("message", "reasoning") for item in output)


def _without_words(output: Any) -> Any:
    """What was called stays: tools and handoffs are checked by themselves, and have spans of their own."""
    if not isinstance(output, list):
        return output
    kept = [_ANSWER if _kind(item) == "message" else item for item in output]
    return _without_reasoning(kept)


def _without_reasoning(items: Any) -> Any:
    return [item for item in items if _kind(item) != "reasoning"] if isinstance(items, list) else items


def _asked_without_words(given: Any) -> Any:
    return {**given, "items": _QUESTION} if isinstance(given, dict) and "items" in given else given


def _kind(item: Any) -> str:
    return str(item.get("type") or "message") if isinstance(item, dict) else "message"
