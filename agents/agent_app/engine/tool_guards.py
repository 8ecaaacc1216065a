"""Guardrails around the tools of an agent: what a tool is called with, and what it answers. They stand before every type of tool."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.translation import gettext as _

from agent_app import json_schemas
from agent_app.engine import tool_texts
from agent_app.engine.guardrails import Guards
from agent_app.guardrails.checking import Guard, parts_after
from agent_app.guardrails.registry import TOOL_INPUT, TOOL_OUTPUT
from agent_app.tools.registry import Function, ToolDefinition, ToolFailed


class ToolGuards:
    """Those of one agent; see ``engine.tool_calls.ToolChecks``. What one of them stops is told to the model, and the run goes on."""

    def __init__(self, guards: Guards, agent_id: str) -> None:
        self._guards = guards
        self._agent_id = agent_id

    async def before(self, tool: ToolDefinition, function: Function, arguments: dict[str, Any]) -> dict[str, Any]:
        """Raises ToolFailed."""
        guardrails = self._about(TOOL_INPUT, tool, function)
        left: Any = arguments
        for guardrail in guardrails:
            left = await self._left(guardrail, left)
        if not guardrails:
            return arguments
        if not isinstance(left, Mapping) or json_schemas.errors_in({"type": "object", **function.parameters}, left):
            raise _refused(_("Without what a guardrail took out of them, the arguments do not fit."))
        return dict(left)

    async def after(self, tool: ToolDefinition, function: Function, result: Any) -> Any:
        """Raises ToolFailed."""
        for guardrail in self._about(TOOL_OUTPUT, tool, function):
            result = await self._left(guardrail, result)
        return result

    def _about(self, stage: str, tool: ToolDefinition, function: Function) -> list[Guard]:
        """Those that are about this tool: about all, where they name none."""
        names = {tool.name, function.name}
        found = self._guards.of(self._agent_id, stage)
        return [each for each in found if names & set(each["config"].get("tools") or names)]

    async def _left(self, guardrail: Guard, value: Any) -> Any:
        text = tool_texts.of_value(value)
        found = await self._guards.ask(guardrail, text)
        after = parts_after(guardrail, found.verdict, [text])
        if after is None:
            raise _refused(found.message)
        if after[0] == text:
            return value
        try:
            return after[0] if isinstance(value, str) else orjson.loads(after[0])
        except orjson.JSONDecodeError as error:
            raise _refused(found.message) from error


def _refused(message: str) -> ToolFailed:
    return ToolFailed(message, code="guardrail_tripped")
