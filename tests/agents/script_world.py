"""What the tests of exported scripts start from: contents without a database, a script that is loaded, and one call of a tool."""

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from types import SimpleNamespace
from typing import Any

from agents import FunctionTool
from agents.tool_context import ToolContext

from agent_app.definition.closure import Source
from agent_app.definition.script import script

Namespace = dict[str, Any]
_numbers = count(1)


def content(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Porter", "description": "", "instructions": "Help.", "model": "fake/m", "model_settings": {},
        "handoff_description": "", "output_type": None, "fallback_models": [], "history": {"policy": "all"}, "starters": [],
        "metadata": {}, "hold_until_checked": False, "handoffs": [], "contexts": [], "tools": [], "guardrails": [],
    } | fields  # fmt: skip


def tool(type: str, params: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": f"t{next(_numbers)}", "tool_id": None, "name": "tool", "type": type, "description": "", "params": params,
        "credential_id": None, "approval": "never", "max_calls": None, "timeout_s": None, "enabled": True,
    } | fields  # fmt: skip


def guard(kind: str, config: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"g{next(_numbers)}", "name": f"guard {kind}", "description": "", "type": "input", "implementation": kind,
        "config": config or {}, "action": "block", "mode": "blocking", "enabled": True, "credential_id": None,
    } | fields  # fmt: skip


def written(others: Mapping[str, Any] | None = None, **fields: Any) -> str:
    """The source of a script for one agent; ``others`` are the contents of those it reaches, by id."""
    sources = {"root": Source(content(**fields))} | {key: Source(each) for key, each in (others or {}).items()}
    return script("root", sources).source


def loaded(source: str) -> Namespace:
    namespace: Namespace = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), namespace)  # noqa: S102  # what the export promises
    return namespace


def exported(**fields: Any) -> Namespace:
    return loaded(written(**fields))


def made_tool(**fields: Any) -> FunctionTool:
    """The one tool of a script."""
    [made] = exported(tools=[tool(**fields)])["porter_agent"].tools
    assert isinstance(made, FunctionTool)
    return made


def called(made: FunctionTool, **arguments: Any) -> Any:
    """What the model is told."""
    text = json.dumps(arguments)
    context = ToolContext(SimpleNamespace(), tool_name=made.name, tool_call_id="c1", tool_arguments=text)
    return asyncio.run(made.on_invoke_tool(context, text))  # type: ignore[arg-type]
