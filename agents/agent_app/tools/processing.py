"""A model before and after a request: it makes of the arguments what an address wants, and of its answer what an agent can use.

It is paid for and recorded with the run. What it makes of the arguments has to fit the tool's parameters like the agent's own;
guardrails and people see what the agent has said, and what comes back.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from agent_app import json_schemas
from agent_app.json_schemas import Schema
from agent_app.tools import prompts
from agent_app.tools.registry import CallContext, Params, Problems, ToolFailed, ToolResult

MOST_READ = 200_000  # characters of an answer that a model is given
_ONLY_JSON = "Answer with one JSON object that fits this JSON Schema, and nothing else:"


def _schema(when: str, prompt: str) -> Schema:
    return {
        "type": "object",
        "description": when,
        "required": ["prompt"],
        "properties": {
            "model": {"type": "string", "maxLength": 200, "title": "Model", "description": "Empty: the workspace's default."},
            "prompt": {"type": "string", "minLength": 1, "maxLength": 20_000, "description": prompt},
        },
        "additionalProperties": False,
    }  # fmt: skip


SCHEMA: Schema = {
    "pre": _schema(
        "A model that rewrites the arguments before the request.",
        "What it shall make of the arguments: {{ input }}. Empty: they are sent as they are.",
    ),
    "post": _schema(
        "A model that reads the answer before the agent does.",
        "What it shall make of the answer: {{ output }}. Empty: the agent gets it as it is.",
    ),
}
_NAMES = {"pre": "input", "post": "output"}


def problems(workspace_id: UUID, params: Params) -> Problems:
    return {
        f"{step}.{field}": messages
        for step, name in _NAMES.items()
        if params.get(step)
        for field, messages in prompts.problems(workspace_id, params[step], {name, "arguments"}).items()
    }


async def before(
    params: Mapping[str, Any], parameters: Schema, arguments: dict[str, Any], context: CallContext
) -> dict[str, Any]:
    """The arguments to send. Raises ToolFailed where the model's do not fit."""
    if not (asked := params.get("pre")):
        return arguments
    schema = {"type": "object", **parameters}
    form = f"{_ONLY_JSON} {orjson.dumps(schema).decode()}"
    given = {"input": orjson.dumps(arguments).decode()}
    made = _object(await prompts.ask(asked, _with(context, arguments), **given, form=form))
    if found := json_schemas.errors_in(schema, made):
        raise ToolFailed(f"What the model made of the arguments does not fit: {'; '.join(found)}", code="pre")
    return made


async def after(
    params: Mapping[str, Any], result: ToolResult, arguments: dict[str, Any], context: CallContext
) -> ToolResult:
    """What the agent is given."""
    if not (asked := params.get("post")):
        return result
    text = result.value if isinstance(result.value, str) else orjson.dumps(result.value, default=str).decode()
    if len(text) > MOST_READ:
        text = f"{text[:MOST_READ]}\n[The answer was cut here: {len(text)} characters in all.]"
    return replace(result, value=await prompts.ask(asked, _with(context, arguments), output=text))


def _with(context: CallContext, arguments: dict[str, Any]) -> CallContext:
    return replace(context, values={**context.values, "arguments": arguments})


def _object(text: str) -> dict[str, Any]:
    """The object in a model's answer, also where it is fenced. Raises ToolFailed."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = orjson.loads(text[start : end + 1])
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ToolFailed("The model that prepares this request did not answer with a JSON object.", code="pre")
    return found
