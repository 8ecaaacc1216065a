"""Whether a call of a tool needs a person, and what they said. Arguments come here when they are as they would be called with."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from agent_app.engine.frames import Frame, Frames
from agent_app.expressions import ExpressionError, evaluate
from agent_app.models import Approval, Decision
from agent_app.runs import approvals
from agent_app.runs.registry import Paused, Request, RunContext
from agent_app.tools.registry import Function, ToolDefinition, ToolFailed
from config.lib.db import in_db
from config.lib.ids import parse_uuid

MOST_ASKED = 20  # at once: whoever may decide is told of each, also by mail


class NeedsApproval(Exception):
    """The call waits for a person, or for an agent that does; the others of its answer go on."""


class Gate:
    """The approvals of one run."""

    def __init__(self, context: RunContext, frames: Frames) -> None:
        self._context = context
        self._frames = frames
        self._asked: list[tuple[Frame, Request]] = []
        self._decided: dict[str, Approval] = {}

    async def load(self) -> None:
        """What people have said until now, in a run that goes on."""
        self._decided = await in_db(approvals.decided_in, self._context.run.id)

    @property
    def known(self) -> set[str]:
        """The calls that people were asked about: their ids are taken."""
        return set(self._decided)

    def answer_to(self, call_id: str) -> Approval | None:
        return self._decided.get(call_id)

    def hold(self) -> None:
        """Before whoever speaks goes on to their next turn: somebody may have to be asked first.

        Raises Paused where the run waits, NeedsApproval where an agent does that others have called.
        """
        frame = self._frames.current
        if frame.waits and frame.above is not None:
            raise NeedsApproval
        if frame.waits:
            raise Paused([request for _frame, request in self._asked])

    def forget(self, frame: Frame) -> None:
        """A conversation has ended otherwise: nobody is asked about the calls in it."""
        self._asked = [each for each in self._asked if frame.call_id not in each[0].path]

    async def decided(self, row: Approval) -> dict[str, Any]:
        """The arguments that a person has let through. Raises ToolFailed where they did not."""
        if row.is_approved:
            return await in_db(approvals.exact, row)
        text = "A person was asked and rejected this call."
        reason = f" Their reason: {row.reason}" if row.reason else ""
        raise ToolFailed(f"{text}{reason} Do not simply repeat it: go on without it, or ask.", code="rejected")

    async def check(
        self,
        tool: ToolDefinition,
        function: Function,
        arguments: dict[str, Any],
        values: Mapping[str, Any],
        *,
        call_id: str,
        agent: tuple[str, str],
        span_id: UUID | None,
    ) -> None:
        """Raises NeedsApproval where somebody has to be asked; ToolFailed where nobody could read all of it."""
        agent_id, agent_name = agent
        cause = await self._cause(function.approval or tool.approval, arguments, values)
        if cause is None or self._always(agent_id, tool, function):
            return
        if len(self._asked) >= MOST_ASKED:
            text = f"People are asked about {MOST_ASKED} calls at most before the run goes on. Call this afterwards, if it is still needed."
            raise ToolFailed(text, code="too_many")
        size, most = len(orjson.dumps(arguments)), approvals.MOST_ARGUMENTS
        if size > most:
            text = f"A person must read these arguments before the call. They have {size} bytes; at most {most} are allowed."
            raise ToolFailed(text, code="too_long")
        frame = self._frames.current
        asking = " › ".join((*frame.callers, agent_name))
        request = Request(
            call_id=call_id, tool_name=function.name, tool_type=tool.type, tool_id=parse_uuid(tool.tool_id or tool.id),
            agent_id=parse_uuid(agent_id), agent_name=agent_name, arguments=arguments, span_id=span_id,
            permissions=sorted(function.permissions), prompt=cause % {"agent": asking, "tool": function.name},
            callers=frame.callers, within=frame.path,
        )  # fmt: skip
        frame.waits = True
        self._asked.append((frame, request))
        raise NeedsApproval

    def _always(self, agent_id: str, tool: ToolDefinition, function: Function) -> bool:
        """Whether somebody has allowed this agent this function for the rest of the run."""
        wanted = (parse_uuid(agent_id), parse_uuid(tool.tool_id or tool.id), function.name)
        allowed = (row for row in self._decided.values() if row.decision == Decision.ALWAYS)
        return any((row.agent_id, row.tool_id, row.tool_name) == wanted for row in allowed)

    async def _cause(
        self, policy: str | Mapping[str, str], arguments: dict[str, Any], values: Mapping[str, Any]
    ) -> str | None:
        """Why somebody has to be asked, as a sentence with places for names; None where nobody has to be."""
        if policy == "never":
            return None
        if isinstance(policy, str):
            return _("%(agent)s asks to call %(tool)s.")
        condition = str(policy.get("when") or "")
        shown = condition[:200].replace("%", "%%")
        try:
            holds = await asyncio.to_thread(evaluate, condition, {**values, "arguments": arguments})
        except ExpressionError:  # nobody knows whether it holds: the safe side is to ask
            text = _("%(agent)s asks to call %(tool)s. Its condition for that, {condition}, cannot be evaluated.")
            return text.replace("{condition}", shown)
        text = _("%(agent)s asks to call %(tool)s, which needs an approval where {condition}.")
        return text.replace("{condition}", shown) if holds else None
