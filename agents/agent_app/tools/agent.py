"""Another agent as a tool: it answers one message, with its own instructions, model and tools, and knows nothing else."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.models import Agent, AgentStatus
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)
from config.lib.ids import parse_uuid


class AgentToolType(ToolType):
    name = "agent"
    label = gettext_lazy("Agent")
    summary = gettext_lazy("Asks another agent and goes on with its answer. It may do what that agent's own tools may.")
    icon = "bot"
    params_schema = {
        "type": "object",
        "properties": {
            "agent_id": {"type": "string", "format": "uuid", "title": "Agent", "description": "Whom to ask."},
        },
        "required": ["agent_id"],
        "additionalProperties": False,
    }
    permissions = frozenset()
    rate = "tool/agent"
    default_timeout_s = 300

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        agent_id = parse_uuid(params["agent_id"])
        row = Agent.objects.in_workspace(workspace_id).filter(id=agent_id).first() if agent_id else None
        if row is None:
            return {"agent_id": [_("There is no such agent in this workspace.")]}
        if row.status == AgentStatus.ARCHIVED:
            return {"agent_id": [_("%(name)s is archived.") % {"name": row.name}]}
        return {}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        return [
            Function(
                name=tool.name,
                description=tool.description or "Asks another agent, which knows only what you tell it here.",
                parameters={
                    "type": "object",
                    "properties": {"input": {"type": "string", "description": "The whole question or task."}},
                    "required": ["input"],
                    "additionalProperties": False,
                },
                permissions=self.permissions,
            )
        ]

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        if context.asks is None:
            raise ToolFailed("Agents answer in runs only.", code="no_run")
        agent_id = str(tool.params.get("agent_id") or "")
        return ToolResult(value=await context.asks.agent(agent_id, arguments["input"], call_id=context.call_id))
