"""What a careful colleague would say about instructions. Suggestions only: nothing is refused for them. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from agent_app.engine import tokens

_LONG = 4000  # tokens
_SECRET = re.compile(
    r"\b(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|xox[abp]-[A-Za-z0-9-]{10,})"
)
_SINGLE_BRACE = re.compile(r"(?<!\{)\{\s*(user|context|now)(\.\w+)*\s*\}(?!\})")
_PLACEHOLDER = re.compile(
    r"\[(?:your|insert|todo)[^\]]*\]|\bTODO\b|<(?:your|insert)[^>]*>|\blorem ipsum\b", re.IGNORECASE
)
_MENTION = re.compile(r"(?<![\w.])@(\w[\w-]{1,63})")
_TOOL = re.compile(r"\b(?:the|use|using|call|with)\s+[`“\"']?([a-z][a-z0-9]*_[a-z0-9_]{2,60})[`”\"']?")
_ABILITIES: Mapping[str, re.Pattern[str]] = {
    "web_search": re.compile(r"\b(?:search|browse|look up on) the (?:web|internet)\b|\bgoogle (?:it|for)\b", re.IGNORECASE),
    "file_search": re.compile(r"\bsearch (?:the|our|your) (?:documents|files|knowledge base|handbook)\b", re.IGNORECASE),
    "code_interpreter": re.compile(r"\b(?:run|execute) (?:the |some |python )?code\b", re.IGNORECASE),
}  # fmt: skip
_HANDS_OVER = re.compile(
    r"\b(?:hand|transfer|pass)(?:s|ing)? (?:it |them |the \w+ )?(?:over|off) to\b|\btransfer to\b", re.IGNORECASE
)
_TO_A_PERSON = re.compile(
    r"\bto (?:a|the|an|your|our) (?:colleague|person|human|team ?mate|member of staff|manager)\b", re.IGNORECASE
)
_FORMAT = re.compile(
    r"\b(?:answer|reply|respond|write|format)\b[^.\n]{0,40}\b(?:in|as|with) (?:markdown|prose|plain text|bullet points|a table)\b",
    re.IGNORECASE,
)
_OPPOSITES = (
    (r"\b(?:be|keep it) (?:very )?(?:short|brief|concise)\b", r"\b(?:be|give) (?:very )?(?:detailed|exhaustive|thorough|long)\b"),
    (r"\balways ask\b", r"\bnever ask\b"),
    (r"\bformal(?:ly)?\b(?! or)", r"\b(?:casual|informal)(?:ly)?\b"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """``start`` and ``end`` are places in the instructions, where it is about a part of them."""

    code: str
    message: str
    severity: str = "hint"
    start: int | None = None
    end: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def suggestions(content: Mapping[str, Any], tool_names: Collection[str] = ()) -> list[Suggestion]:
    """About an agent's content. ``tool_names`` are those of its tools and handoffs, as the model sees them."""
    text = str(content["instructions"])
    if not text.strip():
        return [
            Suggestion(
                code="empty", severity="warning",
                message=_("There are no instructions. Say in a sentence what the agent is for, then how it should go about it."),
            )
        ]  # fmt: skip
    return [
        *_size(text), *_found(text), *_tools(text, tool_names), *_contradictions(text, content, tool_names),
    ]  # fmt: skip


def _at(match: re.Match[str], code: str, message: str, severity: str = "hint") -> Suggestion:
    return Suggestion(code=code, message=message, severity=severity, start=match.start(), end=match.end())


def _size(text: str) -> Iterator[Suggestion]:
    if len(text.split()) < 5:
        yield Suggestion(
            code="no_goal",
            message=_("Very short. Say what the agent is for, what it must not do, and how an answer looks."),
        )
    if (size := tokens.estimate(text)) > _LONG:
        message = _("About %(size)d tokens are sent with every turn. Move reference material into knowledge.")
        yield Suggestion(code="long", message=message % {"size": size})


def _found(text: str) -> Iterator[Suggestion]:
    for match in _SECRET.finditer(text):
        message = _(
            "This looks like a key. Instructions are sent to the model and shown to everybody who may read the agent."
        )
        yield _at(match, "secret", message, "warning")
    for match in _SINGLE_BRACE.finditer(text):
        message = _("A variable has two braces: {{ %(name)s }}.") % {"name": match[0].strip("{} ")}
        yield _at(match, "single_brace", message, "warning")
    for match in _PLACEHOLDER.finditer(text):
        yield _at(match, "placeholder", _("“%(text)s” is still to be filled in.") % {"text": match[0]}, "warning")


def _tools(text: str, names: Collection[str]) -> Iterator[Suggestion]:
    """Tools that are named and not attached."""
    known = {name.lower() for name in names}
    told: set[str] = set()
    for pattern in (_MENTION, _TOOL):
        for match in pattern.finditer(text):
            name = match[1].lower()
            if name not in known and name not in told and "{{" not in text[max(0, match.start() - 3) : match.start()]:
                told.add(name)
                yield _at(
                    match,
                    "tool_missing",
                    _("“%(name)s” is not attached to this agent.") % {"name": match[1]},
                    "warning",
                )
    for ability, pattern in _ABILITIES.items():
        if (wanted := pattern.search(text)) and ability not in known:
            message = _("“%(text)s” needs a tool that is not attached: %(tool)s.") % {
                "text": wanted[0],
                "tool": ability,
            }
            yield _at(wanted, "tool_missing", message, "warning")


def _contradictions(text: str, content: Mapping[str, Any], names: Collection[str]) -> Iterator[Suggestion]:
    for match in _HANDS_OVER.finditer(text):
        if (
            not content.get("handoffs")
            and not names
            and not _TO_A_PERSON.search(text[match.start() : match.end() + 30])
        ):
            yield _at(
                match, "no_handoff", _("This agent has no handoffs, so it cannot hand over to anybody."), "warning"
            )
            break
    if content.get("output_type") and (form := _FORMAT.search(text)):
        message = _("The output type decides the form of the answer; “%(text)s” contradicts it.") % {"text": form[0]}
        yield _at(form, "output_type", message)
    for one, other in _OPPOSITES:
        if (first := re.search(one, text, re.IGNORECASE)) and (second := re.search(other, text, re.IGNORECASE)):
            message = _("“%(one)s” and “%(other)s” contradict each other.") % {"one": first[0], "other": second[0]}
            yield _at(second, "contradiction", message)
