"""A model as a tool: one prompt, one answer, no memory and no tools."""

import asyncio
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy

from agent_app import model_references
from agent_app.expressions import ExpressionError, check_template, paths_of, render
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
from config.lib.errors import AppError

_NAMES = frozenset({"input", "context", "user", "message"})


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
        found: Problems = {}
        if problems := check_template(params["prompt"], _NAMES):
            found["prompt"] = problems
        try:
            model_references.resolve(workspace_id=workspace_id, reference=params.get("model") or "")
        except AppError as error:
            if params.get("model"):
                found["model"] = [error.detail]
        return found

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
        if context.asks is None:
            raise ToolFailed("Models answer in runs only.", code="no_run")
        params = tool.params
        try:
            prompt = await asyncio.to_thread(_filled, params["prompt"], {**context.values, "input": arguments["input"]})
        except ExpressionError as error:
            raise ToolFailed(f"The prompt of this tool cannot be filled in: {error.message}", code="prompt") from error
        answer = await context.asks.model(
            params.get("model") or "",
            prompt,
            temperature=params.get("temperature"),
            max_tokens=params.get("max_tokens"),
        )
        return ToolResult(value=answer)


def _filled(template: str, values: dict[str, Any]) -> str:
    named = any(path[0] == "input" for path in paths_of(template))
    prompt = render(template, values)
    return prompt if named else f"{prompt}\n\n{values['input']}"
