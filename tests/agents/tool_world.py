"""What the tests of tools start from: a saved tool, and one call of it."""

import asyncio
from typing import Any
from uuid import UUID

from agent_app.credentials import credential_take
from agent_app.engine.providers import transport
from agent_app.tools import egress, registry
from agent_app.tools.registry import CallContext, OutboundBudget, ToolDefinition, ToolResult, ToolType
from config.lib import loop
from config.lib.ids import uuid7
from tests.agents.world import actor_of
from tests.cast import Person


def definition(type: str, params: dict[str, Any], **fields: Any) -> ToolDefinition:
    return ToolDefinition(**{"id": str(uuid7()), "name": "tool", "type": type, "params": params} | fields)


def saved(person: Person, kind: ToolType, params: dict[str, Any], old: ToolDefinition | None = None) -> ToolDefinition:
    """As services save one: prepared, its secrets taken out, checked."""
    try:
        prepared = kind.settled(kind.prepare(workspace_id=person.workspace_id, params=params, old=old))
    finally:
        loop.submit(egress.close()).result()
    old_id = UUID(old.credential_id) if old and old.credential_id else None
    rest, credential = credential_take(actor=actor_of(person), kind=kind, params=prepared, old_id=old_id)
    assert registry.params_problems(kind, person.workspace_id, rest) == {}
    return definition(kind.name, rest, credential_id=str(credential) if credential else None)


def context_of(person: Person, **fields: Any) -> CallContext:
    values: dict[str, Any] = {"workspace_id": person.workspace_id, "actor_id": person.user.id, "call_id": "call_1"}
    return CallContext(**values | fields)


async def call(
    kind: ToolType, tool: ToolDefinition, context: CallContext, arguments: dict[str, Any], function: str = ""
) -> ToolResult:
    functions = kind.functions(tool)
    [chosen] = [each for each in functions if each.name == function] if function else functions
    return await kind.call(tool, chosen, arguments, context)


def called(
    person: Person, kind: ToolType, tool: ToolDefinition, arguments: dict[str, Any], function: str = "", **fields: Any
) -> ToolResult:
    """One call, on a loop of its own."""

    async def once() -> ToolResult:
        try:
            return await call(kind, tool, context_of(person, **fields), arguments, function)
        finally:
            await egress.close()
            await transport.close()

    return asyncio.run(once())


def budget(left: int) -> OutboundBudget:
    return OutboundBudget(left=left)
