"""What a check comes to, and what is made of a text by it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

REDACTED = "[redacted]"


@dataclass(frozen=True, order=True)
class Match:
    """What was found where: ``text[start:end]``. It never holds the text itself, so that it can be logged and shown."""

    start: int
    end: int
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``message`` says what is wrong, for people; ``replacement`` is what the check wants to stand there instead (None: it
    does not say); ``info`` is whatever else it has said. ``failed``: the check itself did not work, and trips for that."""

    tripped: bool = False
    matches: tuple[Match, ...] = ()
    message: str = ""
    replacement: str | None = None
    info: Any = None
    failed: bool = False

    @property
    def found(self) -> list[str]:
        """What kinds of things were found, each once."""
        return list(dict.fromkeys(match.what for match in self.matches if match.what))


PASSED = Verdict()


def whole(text: str, what: str) -> tuple[Match, ...]:
    """A match of the whole text: what is known to be somewhere in it, but not where."""
    return (Match(0, len(text), what),)


def merged(matches: Iterable[Match]) -> list[Match]:
    """In order, those that touch or overlap as one."""
    joined: list[Match] = []
    for match in sorted(matches):
        if joined and match.start <= joined[-1].end:
            last = joined[-1]
            joined[-1] = Match(last.start, max(last.end, match.end), last.what)
        else:
            joined.append(match)
    return joined


def redacted(text: str, matches: Iterable[Match], replacement: str = REDACTED) -> str:
    """``text`` with ``replacement`` in the place of every match."""
    return redacted_parts([text], matches, replacement)[0]


def redacted_parts(parts: Sequence[str], matches: Iterable[Match], replacement: str = REDACTED) -> list[str]:
    """The same for a text in several parts that were checked as one. A match over a border is replaced once."""
    spans = merged(matches)
    answer: list[str] = []
    begin = 0
    for part in parts:
        end = begin + len(part)
        kept: list[str] = []
        place = begin
        for span in spans:
            if span.end <= begin or span.start >= end:
                continue
            kept.append(part[place - begin : max(span.start, begin) - begin])
            if span.start >= begin:
                kept.append(replacement)
            place = min(span.end, end)
        kept.append(part[place - begin :])
        answer.append("".join(kept))
        begin = end
    return answer


@dataclass(frozen=True, kw_only=True)
class Tripped:
    """A guardrail that has tripped, as events, answers and pages tell it."""

    guardrail_id: str
    name: str
    stage: str
    action: str
    message: str
    verdict: Verdict = field(default=PASSED)

    def shown(self) -> dict[str, Any]:
        return {
            "guardrail_id": self.guardrail_id, "name": self.name, "stage": self.stage, "action": self.action,
            "message": self.message,
        }  # fmt: skip
