"""What is sent to the model: the very system prompt, tools and schema, with an estimate of their tokens."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import agent_files, hosted, model_references
from agent_app.capabilities import capability_problems
from agent_app.definition.closure import definition
from agent_app.definition.content import default_context
from agent_app.definition.instructions import variables
from agent_app.definition.sources import draft_sources
from agent_app.definition.tool_parts import functions
from agent_app.engine import tokens
from agent_app.expressions import ExpressionError, render
from agent_app.model_references import ResolvedModel
from agent_app.models import Agent
from agent_app.tools.registry import Function
from config.lib.errors import AppError


def preview(agent: Agent, *, user_name: str, context_id: str = "") -> dict[str, Any]:
    """Of the draft, with one of its contexts (empty: the default one). What cannot be said is in ``problems``."""
    sources = draft_sources(agent)
    content = sources[str(agent.id)].content
    frozen = definition(str(agent.id), sources)
    problems: list[str] = []
    context = next((each for each in content["contexts"] if each["id"] == context_id), None) or default_context(content)
    values = variables(user_name=user_name, now=timezone.now(), context=context["content"] if context else {})
    try:
        prompt = render(content["instructions"], values)
    except ExpressionError as error:
        prompt, problems = content["instructions"], [error.message]
    model, files, theirs = "", [], list[Mapping[str, Any]]()
    try:
        resolved = model_references.resolve_agent(workspace_id=agent.workspace_id, definition=content)
        model = resolved.reference
        problems += [problem.message for problem in capability_problems(frozen, resolved)]
        files = agent_files.planned(agent_files.rows_of(agent.workspace_id, [agent.id]), resolved)
        theirs = hosted.hosted_tools(frozen, [resolved, *_stand_ins(agent, content)], files=bool(files))
    except AppError as error:
        problems.append(error.detail)
    tools = [_function(function) for function in functions([each for each in frozen["tools"] if each not in theirs])]
    tools += [_hosted(tool) for tool in theirs]
    tools += [_tool(handoff, frozen["targets"][handoff["target_agent_id"]]) for handoff in frozen["handoffs"]]
    schema = content["output_type"]
    counted = {
        "instructions": tokens.estimate(prompt),
        "tools": sum(_size(tool) for tool in tools),
        "output_type": _size(schema) if schema else 0,
        "files": sum(file.tokens for file in files),
    }
    return {
        "model": model, "system_prompt": prompt, "tools": tools, "output_schema": schema, "context": context,
        "files": [file.shown() for file in files], "tokens": counted | {"total": sum(counted.values())}, "problems": problems,
    }  # fmt: skip


def _function(function: Function) -> dict[str, Any]:
    return {
        "type": "function", "name": function.name, "description": function.description, "parameters": function.parameters,
    }  # fmt: skip


def _hosted(tool: Mapping[str, Any]) -> dict[str, Any]:
    description = _("The model's provider runs this tool itself.")
    return {"type": tool["type"], "name": tool["name"], "description": description, "parameters": {}}


def _stand_ins(agent: Agent, content: Mapping[str, Any]) -> list[ResolvedModel]:
    """The models that stand in for the agent's own. Raises AppError for a reference that leads nowhere."""
    references = content.get("fallback_models") or []
    return [model_references.resolve(workspace_id=agent.workspace_id, reference=each) for each in references]


def _tool(handoff: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """A handoff is a tool to the model."""
    usual = f"Handoff to the {target['name']} agent to handle the request. {target['handoff_description']}".strip()
    return {
        "type": "function", "name": handoff["tool_name"], "description": handoff["tool_description"] or usual,
        "parameters": handoff["payload_schema"] or {"type": "object", "properties": {}},
    }  # fmt: skip


def _size(value: Any) -> int:
    return 16 + tokens.estimate(orjson.dumps(value).decode())
