"""Calling tools as the engine does, without one."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import uuid4

from agent_app.tools import egress
from agent_app.tools.registry import CallContext, ToolDefinition, ToolResult, ToolType
from agent_app.tools.sandbox import python
from tests.cast import Person

T = TypeVar("T")


def on_loop(work: Coroutine[Any, Any, T]) -> T:
    async def whole() -> T:
        try:
            return await work
        finally:
            await python.close()
            await egress.close()

    return asyncio.run(whole())


def context_of(person: Person, **fields: Any) -> CallContext:
    values: dict[str, Any] = {"workspace_id": person.workspace_id, "actor_id": person.user.id, "call_id": "call_1"}
    return CallContext(**values | fields)


def tool_of(kind: ToolType, **params: Any) -> ToolDefinition:
    return ToolDefinition(id=str(uuid4()), name=kind.name, type=kind.name, params=params)


async def called(
    kind: ToolType, tool: ToolDefinition, key: str, arguments: dict[str, Any], context: CallContext
) -> ToolResult:
    function = next(each for each in kind.functions(tool) if key in (each.key, each.name))
    return await kind.call(tool, function, arguments, context)
