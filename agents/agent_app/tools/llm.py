"""A model as a tool: one prompt, one answer, no memory and no tools."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy

from agent_app.tools import prompts
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Problems,
    ToolDefinition,
    ToolResult,
    ToolType,
)


class LlmToolType(ToolType):
    name = "llm"
    label = gettext_lazy("Model")
    summary = gettext_lazy(
        "Asks a model of its own with a prompt of yours. It remembers nothing and can do nothing else."
    )
    icon = "sparkles"
    params_schema = {
        "type": "object",
        "properties": {
            "prompt": {
                "type": "string", "minLength": 1, "maxLength": 20_000, "title": "Prompt",
                "description": "A template: {{ input }} is what the agent asks. Where it is not named, it comes after the prompt.",
            },
            "model": {
                "type": "string", "maxLength": 200, "title": "Model", "description": "Empty: the workspace's default.",
            },
            "temperature": {"type": "number", "minimum": 0, "maximum": 2, "title": "Temperature"},
            "max_tokens": {"type": "integer", "minimum": 16, "maximum": 100_000, "title": "Longest answer, tokens"},
        },
        "required": ["prompt"],
        "additionalProperties": False,
    }  # fmt: skip
    permissions = frozenset()
    rate = "tool/llm"
    default_timeout_s = 120

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        return prompts.problems(workspace_id, params, {"input"})

    def functions(self, tool: ToolDefinition) -> list[Function]:
        return [
            Function(
                name=tool.name,
                description=tool.description or "Asks a model that knows only what you tell it here.",
                parameters={
                    "type": "object",
                    "properties": {"input": {"type": "string", "description": "What to think about."}},
                    "required": ["input"],
                    "additionalProperties": False,
                },
                permissions=self.permissions,
                idempotent=True,
            )
        ]

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        return ToolResult(value=await prompts.ask(tool.params, context, input=arguments["input"]))
