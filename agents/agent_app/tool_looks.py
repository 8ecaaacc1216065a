"""How pages show tools: their types with icon and words, and what a call may do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from agent_app import integrations
from agent_app.credentials import needs_with
from agent_app.definition.tool_parts import definitions
from agent_app.models import Agent, AgentTool, Credential, Tool
from agent_app.tools import registry
from agent_app.tools.registry import Function, Permission, ToolType

_SAYS = {
    Permission.READS_UNTRUSTED: _("Reads untrusted data"),
    Permission.SENDS_OUT: _("Sends data out"),
    Permission.CHANGES_STATE: _("Changes state"),
}
_SHOWN = 90


@dataclass(frozen=True)
class Look:
    """``unavailable``: why the type cannot be used on this installation."""

    type: str
    label: Any
    summary: Any
    icon: str
    permissions: list[Any]
    unavailable: str


def looks(name: str) -> Look:
    kind = registry.find(name)
    return (
        _look(kind) if kind else Look(name, name, _("This installation has no such type of tool."), "wrench", [], name)
    )


def says(permissions: Collection[str]) -> list[Any]:
    """What calls with these permissions may do, in words."""
    return [_SAYS[each] for each in Permission if each in permissions]


def kinds() -> list[Look]:
    return [_look(kind) for kind in registry.types()]


def _look(kind: ToolType) -> Look:
    return Look(kind.name, kind.label, kind.summary, kind.icon, says(kind.permissions), kind.unavailable())


def shown_part(part: Mapping[str, Any], row: Credential | None) -> dict[str, Any]:
    """A tool of an agent in the builder: with its look, a line about what it does, and what it still needs of a person."""
    said = part["description"] or next((value for value in part["params"].values() if isinstance(value, str)), "")
    missing = needs_with(registry.find(part["type"]), part["params"], row)
    approval = part.get("approval") or "never"
    when = approval.get("when", "") if isinstance(approval, Mapping) else ""
    about = {"about": said[:_SHOWN], "needs": missing, "asks": _asks(approval, part["params"]), "when": when}
    return {**part, "look": looks(part["type"]), **about}


def _asks(approval: Any, params: Mapping[str, Any]) -> str:
    """Whether people are asked ``never``, ``always`` or ``sometimes``: single functions of a server may differ from it."""
    policies = [approval, *(params.get("approvals") or {}).values()]
    said = {policy if isinstance(policy, str) else "when" for policy in policies}
    return str(said.pop()) if said in ({"never"}, {"always"}) else "sometimes"


def functions_of(tool: Tool | AgentTool) -> list[Function]:
    """What a model is offered of a tool."""
    kind = registry.find(tool.type)
    content = {
        "id": str(tool.id),
        "name": tool.name,
        "type": tool.type,
        "description": tool.description,
        "params": tool.params,
    }
    return kind.functions(definitions([content])[0]) if kind else []


def offered(workspace_id: UUID) -> dict[str, list[tuple[str, str]]]:
    """What the form of a tool offers to choose from, by the param."""
    return {"agent_id": agent_choices(workspace_id), "integration": integrations.choices(workspace_id)}


def agent_choices(workspace_id: UUID) -> list[tuple[str, str]]:
    """The agents that a tool could call."""
    rows = Agent.objects.in_workspace(workspace_id).shown().only("id", "name").order_by("name")
    return [(str(row.id), row.name) for row in rows[:500]]
