"""Asking servers what their tools are: before a tool is saved, and again when a person wants to know what has changed.

Outside of a transaction: nobody waits for a stranger's server with a lock.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.tools import registry
from agent_app.tools.registry import ToolDefinition
from agent_app.tools.remote import Change, Offer, RemoteType
from community.access import Actor
from config.lib.errors import InvalidInput


def tool_looked_at(*, actor: Actor, type: str, params: Mapping[str, Any], old: ToolDefinition | None = None) -> Offer:
    """What a tool with these params would offer. Nothing is saved. Raises InvalidInput, Refused."""
    actor.require("agent.write")
    return _remote(type).look(actor.workspace_id, dict(params), old)


def tool_prepared(
    *, workspace_id: UUID, values: Mapping[str, Any], old: ToolDefinition | None = None
) -> dict[str, Any]:
    """``values`` of a tool as they are saved: with what its server offers. ``old``: the tool as it was. Raises AppError."""
    kind = registry.find(str(values.get("type") or (old.type if old else "")))
    if kind is None or "params" not in values:
        return dict(values)
    same = old if old is not None and old.type == kind.name else None
    return {**values, "params": kind.prepare(workspace_id=workspace_id, params=dict(values["params"]), old=same)}


def tool_looked_at_again(*, actor: Actor, tool: ToolDefinition) -> tuple[dict[str, Any], list[Change]]:
    """The params as they would be now, and how they differ from what was confirmed. Nothing is saved."""
    actor.require("agent.write")
    return _remote(tool.type).look_again(actor.workspace_id, tool)


def _remote(type: str) -> RemoteType:
    kind = registry.get(type)
    if not isinstance(kind, RemoteType):
        raise InvalidInput(errors={"type": [_("What this type of tool offers is said by its settings alone.")]})
    return kind
