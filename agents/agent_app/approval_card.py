"""How pages show what a run asks: what is called with which arguments, what that may do, and what became of it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agent_app.models import Approval, ApprovalStatus, Decision, Run, RunStatus, ToolCall
from agent_app.tool_looks import says
from community.access import Actor
from config.lib.errors import InvalidInput
from config.lib.http import parse_json

FIELD = "argument."  # begins the names of the fields of single arguments
_LONG = 72  # characters: from here on a value takes the whole width


@dataclass(frozen=True)
class Argument:
    """``before``: what the model had said, where a person has changed it."""

    name: str
    text: str
    before: str | None = None

    @property
    def long(self) -> bool:
        return len(self.text) > _LONG or "\n" in self.text


@dataclass(frozen=True)
class Field:
    """One argument to edit. ``kind``: text, long, number or bool."""

    name: str
    value: Any
    kind: str


@dataclass(frozen=True)
class Card:
    """``errors`` and ``written`` are of an edit that was refused; ``note`` says why an answer came too late."""

    approval: Approval
    run: Run
    can_decide: bool
    errors: list[str] = field(default_factory=list)
    written: Mapping[str, str] | None = None
    note: str = ""

    @property
    def pending(self) -> bool:
        """A run that has ended by itself leaves nothing to decide."""
        return self.approval.is_pending and self.run.status not in (RunStatus.FAILED, RunStatus.CANCELLED)

    @property
    def permissions(self) -> list[Any]:
        return says(self.approval.permissions)

    @property
    def arguments(self) -> list[Argument]:
        row = self.approval
        if row.decided_arguments is None:
            return _arguments(row.arguments, row.arguments)
        return _arguments(row.decided_arguments, row.arguments)

    @property
    def fields(self) -> list[Field]:
        """The arguments one by one, where each is a text, a number or a yes or no; else they are edited as JSON."""
        given: Mapping[str, Any] = self.approval.arguments if isinstance(self.approval.arguments, Mapping) else {}
        kinds = {name: _kind(value) for name, value in given.items()}
        if not all(kinds.values()):
            return []
        return [Field(name, self._value(name, given[name], kind), kind) for name, kind in kinds.items()]

    def _value(self, name: str, value: Any, kind: str) -> Any:
        if self.written is None or "arguments" in self.written:
            return json.dumps(value) if kind == "number" else value
        said = self.written.get(FIELD + name, "")
        return bool(said) if kind == "bool" else said

    @property
    def json(self) -> str:
        """What the edit begins with."""
        if self.written is not None and "arguments" in self.written:
            return self.written["arguments"]
        return json.dumps(self.approval.arguments, indent=2, ensure_ascii=False)

    @property
    def rows(self) -> int:
        return min(12, max(3, self.json.count("\n") + 1))

    @property
    def said(self) -> str:
        """What became of it, in a few words."""
        row = self.approval
        name = row.decided_by_name or _("somebody")
        if row.status == ApprovalStatus.EXPIRED:
            return _("Nobody has decided in time")
        if row.status == ApprovalStatus.WITHDRAWN or (row.is_pending and not self.pending):
            return _("The run ended before")
        if row.status == ApprovalStatus.REJECTED:
            return _("Rejected by %(name)s") % {"name": name}
        if row.decision == Decision.EDIT:
            return _("Approved with changes by %(name)s") % {"name": name}
        if row.decision == Decision.ALWAYS:
            return _("Allowed for this run by %(name)s") % {"name": name}
        return _("Approved by %(name)s") % {"name": name}

    @property
    def look(self) -> str:
        """Which of the states it is coloured as."""
        if self.approval.is_approved:
            return "succeeded"
        return "failed" if self.approval.status == ApprovalStatus.REJECTED else "cancelled"


def cards(actor: Actor, run: Run, rows: Iterable[Approval]) -> list[Card]:
    can_decide = actor.allows("run.decide")
    return [Card(row, run, can_decide) for row in rows]


def edited(approval: Approval, written: Mapping[str, str]) -> Any:
    """The arguments that somebody wrote, as JSON or one by one. Raises InvalidInput."""
    if "arguments" in written:
        try:
            return parse_json(written["arguments"].encode())
        except InvalidInput as error:
            text = _("This is not JSON: %(why)s") % {"why": error.detail}
            raise InvalidInput(errors={"arguments": [text]}) from error
    given = approval.arguments if isinstance(approval.arguments, Mapping) else {}
    return {name: _read(value, written.get(FIELD + name, "")) for name, value in given.items()}


def _read(before: Any, text: str) -> Any:
    """What was written in the place of ``before``: a number that is none stays a text, which the checks name."""
    if isinstance(before, bool):
        return bool(text)
    if isinstance(before, str):
        return text.replace("\r\n", "\n")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _kind(value: Any) -> str:
    """How an argument can be edited by itself; empty where it cannot."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "long" if len(value) > _LONG or "\n" in value else "text"
    return ""


def steps(found: list[Card], calls: Iterable[ToolCall]) -> Iterator[tuple[Card | None, ToolCall | None]]:
    """The calls in their order, each with the answer that it had to wait for; then what was answered and not called."""
    decided = {card.approval.call_id: card for card in found if not card.pending}
    for call in calls:
        yield decided.pop(call.call_id, None), call
    for card in decided.values():
        yield card, None


def _arguments(shown: Any, before: Any) -> list[Argument]:
    if not isinstance(shown, Mapping):
        return [Argument("", _text(shown), None if shown == before else _text(before))]
    old = before if isinstance(before, Mapping) else {}
    return [
        Argument(str(name), _text(value), None if old.get(name) == value else _text(old.get(name, "")))
        for name, value in shown.items()
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
