"""Trying a tool out: what a call in a run would do, on the workspace's bill and in its audit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from agent_app import hosted, json_schemas
from agent_app.models import AgentTool, Tool
from agent_app.runs import limits
from agent_app.runs.spans import body
from agent_app.tools import registry
from agent_app.tools.registry import Function, ToolDefinition, ToolType
from billing import rates
from billing.services import holds
from billing.services.holds import Used
from community.access import Actor
from config.lib import audit
from config.lib.errors import InvalidInput, Refused
from config.lib.ids import uuid7

_STEP = "tool:1"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A call that may be made. ``id`` stands where a run's would."""

    actor: Actor
    tool: ToolDefinition
    kind: ToolType
    function: Function
    arguments: dict[str, Any]
    held: bool
    id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of it."""

    result: Any
    is_error: bool
    duration_ms: int
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The result for people."""
        return self.result if isinstance(self.result, str) else json.dumps(self.result, ensure_ascii=False, indent=2)


def tool_test_begin(*, actor: Actor, tool: Tool | AgentTool, arguments: Mapping[str, Any], function: str = "") -> Trial:
    """Check a trial and hold its price. Raises Refused, InvalidInput, Throttled, NotEnoughCredits; then nothing is called."""
    actor.require("tool.test")
    limits.check_rate(actor.id, tool.id)
    kind = registry.get(tool.type)
    if hosted.wanted({"type": tool.type, "params": tool.params}) == hosted.ALWAYS:
        text = _("The model's provider runs this tool: try it in a conversation of an agent that has it.")
        raise Refused(text, code="tool_hosted")
    if why := kind.unavailable():
        raise Refused(why, code="tool_unavailable")
    names = ("name", "description", "type", "params", "max_calls", "timeout_s")
    definition = ToolDefinition(
        id=str(tool.id), tool_id=str(tool.id) if isinstance(tool, Tool) else None,
        credential_id=str(tool.credential_id) if tool.credential_id else None,
        **{name: getattr(tool, name) for name in names},
    )  # fmt: skip
    chosen = _function(kind.functions(definition), function)
    if problems := json_schemas.errors_in({"type": "object", **chosen.parameters}, dict(arguments)):
        raise InvalidInput(errors={"arguments": problems})
    trial = Trial(
        actor=actor, tool=definition, kind=kind, function=chosen, arguments=dict(arguments), held=not rates.price_of(kind.rate).free
    )  # fmt: skip
    if trial.held:
        holds.hold_open(
            workspace_id=actor.workspace_id, run_id=trial.id, attempt=1, step=_STEP, model=kind.rate,
            price=rates.price_of(kind.rate), actor_id=actor.id,
        )  # fmt: skip
    return trial


def _function(functions: list[Function], name: str) -> Function:
    for each in functions:
        if each.name == name or (not name and len(functions) == 1):
            return each
    text = _("Say which function: %(names)s.") % {"names": ", ".join(each.name for each in functions[:20])}
    raise InvalidInput(errors={"function": [text]})


@transaction.atomic
def tool_test_end(*, trial: Trial, tried: Tried) -> str:
    """Book a trial and note it in the audit. Answers what it has cost; one that failed is free."""
    actor, credits = trial.actor, "0.0000"
    about: dict[str, Any] = {"workspace_id": actor.workspace_id, "run_id": trial.id, "attempt": 1, "step": _STEP}
    if trial.held and tried.is_error:
        holds.hold_release(**about)
    elif trial.held:
        credits = f"{holds.hold_settle(**about, model=trial.kind.rate, used=Used()):.4f}"
    audit.record(
        audit.Entry(
            action="tool.tested", actor_id=actor.id, workspace_id=actor.workspace_id, object_type="tool",
            object_id=UUID(trial.tool.id),
            after={
                "function": trial.function.name, "arguments": body(trial.arguments), "is_error": tried.is_error,
                "duration_ms": tried.duration_ms, "credits": credits,
            },
        )
    )  # fmt: skip
    return credits
